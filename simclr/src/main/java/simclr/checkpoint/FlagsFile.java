package simclr.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import simclr.config.Quoted;
import simclr.config.RunConfig;
import simclr.config.RunConfig.Flag;
import simclr.config.RunJson;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.WholeFile;

/**
 * {@code flags.json}: the settings of the last run in a model directory, under the reference's
 * names and types. A run that goes on takes its seed from here.
 */
public final class FlagsFile {
  /** The name in a run's directory. */
  public static final String NAME = "flags.json";

  /** Flags that do not change what is trained. */
  private static final Set<String> HARMLESS =
      Set.of(
          "mode",
          "model_dir",
          "data_dir",
          "checkpoint",
          "eval_split",
          "eval_steps",
          "eval_batch_size",
          "keep_checkpoint_max",
          "keep_hub_module_max",
          "cache_dataset",
          "partial",
          "online_knn_epochs",
          "seed");

  private final JsonNode recorded;

  private FlagsFile(JsonNode recorded) {
    this.recorded = recorded;
  }

  /** The content of the file for {@code config}. */
  public static byte[] content(RunConfig config) {
    return RunJson.bytes(config.toFlags());
  }

  /**
   * The flags that the last run in {@code modelDir} recorded.
   *
   * @throws UserException if the file is there and cannot be read
   */
  public static Optional<FlagsFile> read(Path modelDir) {
    Path file = modelDir.resolve(NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonNode recorded = new ObjectMapper().readTree(WholeFile.bytes(file));
      if (recorded.isObject()) {
        return Optional.of(new FlagsFile(recorded));
      }
    } catch (JsonProcessingException e) {
      throw unreadable(file, Quoted.of(e.getOriginalMessage()));
    } catch (IOException e) {
      throw unreadable(file, e.toString());
    }
    throw unreadable(file, "not an object");
  }

  /**
   * The recorded flags that this program has, as {@link RunConfig#of} takes them. Left out are
   * unset ones, those of the reference's own libraries, and those of machinery that is not here:
   * the reference records {@code use_tpu=true} by default.
   */
  public Map<String, String> flags() {
    Map<String, String> flags = new LinkedHashMap<>();
    for (RecordComponent flag : RunConfig.flags()) {
      String name = RunConfig.flagName(flag);
      JsonNode value = recorded.get(name);
      boolean ours = !flag.getAnnotation(Flag.class).group().equals(Flag.NOT_HERE);
      if (ours && value != null && !value.isNull()) {
        flags.put(name, value.asText());
      }
    }
    return flags;
  }

  /** Absent where the reference wrote the file: it has no seed. */
  public Optional<Long> seed() {
    JsonNode seed = recorded.get("seed");
    return seed != null && seed.canConvertToLong()
        ? Optional.of(seed.longValue())
        : Optional.empty();
  }

  /** Each flag that shapes the training and differs, e.g. {@code --train_epochs was 4, is 8}. */
  public List<String> differences(RunConfig config) {
    List<String> found = new ArrayList<>();
    JsonNode flags = new ObjectMapper().valueToTree(config.toFlags());
    for (Map.Entry<String, JsonNode> flag : flags.properties()) {
      JsonNode was = recorded.get(flag.getKey());
      if (was != null && !HARMLESS.contains(flag.getKey())) {
        String now = text(flag.getValue());
        String then = text(was);
        if (!then.equals(now)) {
          found.add(
              String.format(
                  Locale.ROOT,
                  "--%s was %s, is %s",
                  flag.getKey(),
                  Quoted.of(then),
                  Quoted.of(now)));
        }
      }
    }
    return found;
  }

  /** Numbers that are equal have the same text: 1 and 1.0, 1e-06 and 0.000001. */
  private static String text(JsonNode value) {
    return value.isNumber() && Double.isFinite(value.doubleValue())
        ? value.decimalValue().stripTrailingZeros().toPlainString()
        : value.toString();
  }

  private static UserException unreadable(Path file, String why) {
    return new UserException(
        ExitCode.DATA,
        "%s cannot be read (%s), expected the flags of the run; it holds the seed, without it the"
            + " run cannot go on as it began",
        file,
        why);
  }
}
