package simclr.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import simclr.config.LocalPath;
import simclr.config.RunConfig;
import simclr.train.run.Outcome;

/**
 * What {@code --json} prints after a run.
 *
 * <pre>
 *   {"outcome": "done" | "interrupted", "model_dir": string, "result": result.json | null}
 * </pre>
 *
 * @param begun when the run began: a {@code result.json} older than that belongs to a former one
 */
record RunResult(RunConfig config, Instant begun) {

  String json(Outcome outcome) {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode json = mapper.createObjectNode();
    json.put("outcome", outcome.toString().toLowerCase(Locale.ROOT));
    json.put("model_dir", config.requiredModelDir());
    try {
      json.set("result", evaluation(mapper));
      return mapper.writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode evaluation(ObjectMapper mapper) throws IOException {
    Path file = LocalPath.of(config.requiredModelDir(), "--model_dir").resolve("result.json");
    boolean ofThisRun =
        Files.exists(file) && !Files.getLastModifiedTime(file).toInstant().isBefore(begun);
    return ofThisRun ? mapper.readTree(file.toFile()) : JsonNodeFactory.instance.nullNode();
  }
}
