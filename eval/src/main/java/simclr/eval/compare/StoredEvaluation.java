package simclr.eval.compare;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.MultiLabelMetrics;
import simclr.eval.metrics.Predictions;
import simclr.io.TextFile;

/**
 * What an evaluation left in its directory: {@code result.json} and {@code predictions.csv}.
 *
 * @param path as the user named it
 * @param result the record; a missing node where only the predictions are there
 * @param predictions empty where the evaluation kept none
 */
public record StoredEvaluation(Path path, JsonNode result, Optional<Predictions> predictions) {
  /** The name of the record. */
  public static final String RESULT = "result.json";

  /**
   * Reads an evaluation.
   *
   * @param path its directory, or its {@code predictions.csv}
   * @throws UserException NO_INPUT if there is no such path or it holds neither file, DATA if one
   *     is broken
   */
  public static StoredEvaluation read(Path path) {
    if (!Files.exists(path)) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s is not there, expected the directory of an evaluation or its %s",
          path,
          Predictions.FILE);
    }
    if (!Files.isDirectory(path)) {
      Path record = path.toAbsolutePath().resolveSibling(RESULT);
      // A file of another name may lie anywhere: the record beside it need not be its own.
      boolean own = path.endsWith(Predictions.FILE) && Files.exists(record);
      return new StoredEvaluation(
          path,
          own ? json(record) : MissingNode.getInstance(),
          Optional.of(Predictions.read(path)));
    }
    Path record = path.resolve(RESULT);
    Path predictions = path.resolve(Predictions.FILE);
    if (!Files.exists(record) && !Files.exists(predictions)) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s holds neither %s nor %s, expected the directory of an evaluation",
          path,
          RESULT,
          Predictions.FILE);
    }
    return new StoredEvaluation(
        path,
        Files.exists(record) ? json(record) : MissingNode.getInstance(),
        Files.exists(predictions) ? Optional.of(Predictions.read(predictions)) : Optional.empty());
  }

  /**
   * An object from a file.
   *
   * @throws UserException naming the file, and the place where it is broken
   */
  public static JsonNode json(Path file) {
    try {
      JsonNode node = new ObjectMapper().readTree(TextFile.text(file));
      if (node.isObject()) {
        return node;
      }
      throw new UserException(ExitCode.DATA, "%s holds no JSON object, expected one", file);
    } catch (JsonProcessingException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s line %s column %s is no JSON (%s), expected an object",
          file,
          e.getLocation() == null ? "?" : e.getLocation().getLineNr(),
          e.getLocation() == null ? "?" : e.getLocation().getColumnNr(),
          e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", file, e);
    }
  }

  /**
   * Its predictions, which a comparison cannot do without.
   *
   * @throws UserException DATA if examples have several classes, NO_INPUT if there are none
   */
  Predictions requiredPredictions() {
    if (result.has(MultiLabelMetrics.FIGURE)) {
      throw new UserException(
          ExitCode.DATA,
          "%s is the evaluation of a multi-label set by 11-point mAP, expected one of examples with"
              + " one label each, whose answers %s holds",
          path,
          Predictions.FILE);
    }
    return predictions.orElseThrow(
        () ->
            new UserException(
                ExitCode.NO_INPUT,
                "%s holds no %s, expected what was answered to each test example",
                path,
                Predictions.FILE));
  }

  /**
   * SHA-256 of the test split, if the record has one. One over features tells encoders apart, not
   * examples, and is left out.
   */
  Optional<String> testHash() {
    return text("/test/sha256_of").orElse("").contains("features")
        ? Optional.empty()
        : text("/test/sha256");
  }

  /** What {@link #testHash} is of: hashes of different things say nothing about each other. */
  Optional<String> testHashOf() {
    return text("/test/sha256_of");
  }

  /** What was measured in a few words, such as {@code logreg final_avg_pool, cifar10 test}. */
  public String summary() {
    String measured =
        String.join(" ", text("/protocol").orElse(""), text("/layer").orElse("")).strip();
    String where =
        String.join(" ", text("/dataset").orElse(""), text("/test/split").orElse("")).strip();
    return measured.isEmpty() ? where : where.isEmpty() ? measured : measured + ", " + where;
  }

  /** A member by JSON pointer, if it is there and a text. */
  public Optional<String> text(String pointer) {
    JsonNode node = result.at(pointer);
    return node.isTextual() ? Optional.of(node.asText()) : Optional.empty();
  }
}
