package simclr.data.source;

import static com.google.common.base.Preconditions.checkNotNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.base.Strings;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Maps;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import simclr.config.LocalPath;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.UnreadableInput;
import simclr.io.WholeFile;

/**
 * What {@code dataset_info.json} of a TFDS directory says about files and splits.
 *
 * @param name of the data set, as in its file names
 * @param splits by name, in the order of the file
 * @param supervisedKeys the features that hold input and label; empty if the file does not say
 */
record TfdsInfo(
    String name, ImmutableMap<String, Shards> splits, ImmutableList<String> supervisedKeys) {
  private static final String DEFAULT_TEMPLATE = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}";
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * The files of a split.
   *
   * @param lengths examples in each
   * @param template of their names
   */
  record Shards(ImmutableList<Long> lengths, String template) {}

  /**
   * A file of a split.
   *
   * @param name relative to the version directory
   */
  record ShardFile(String name, long examples) {}

  /**
   * Reads the file of a version directory.
   *
   * @throws UserException if it is missing, no JSON, or describes what cannot be read
   */
  static TfdsInfo read(Path directory) {
    Path file = directory.resolve("dataset_info.json");
    JsonNode info = json(file);
    String format = info.path("fileFormat").asText("tfrecord");
    if (!format.equals("tfrecord")) {
      throw unfit(file, "fileFormat", format, "tfrecord");
    }
    Map<String, Shards> splits = new LinkedHashMap<>();
    for (JsonNode split : info.path("splits")) {
      String name = text(file, split, "name");
      String template = fileName(file, "filepathTemplate", split.path("filepathTemplate"));
      Shards shards =
          new Shards(
              lengths(file, name, split.path("shardLengths")),
              template.isEmpty() ? DEFAULT_TEMPLATE : template);
      if (splits.put(name, shards) != null) {
        throw unfit(file, "splits", "two named " + name, "different names");
      }
    }
    if (splits.isEmpty()) {
      throw unfit(file, "splits", info.path("splits"), "a list of splits");
    }
    ImmutableList.Builder<String> supervised = ImmutableList.builder();
    for (JsonNode item : info.path("supervisedKeys").path("tuple").path("items")) {
      supervised.add(item.path("featureKey").asText(""));
    }
    return new TfdsInfo(text(file, info, "name"), ImmutableMap.copyOf(splits), supervised.build());
  }

  /** The number of examples in each shard of each split. */
  ImmutableMap<String, ImmutableList<Long>> shardLengths() {
    return ImmutableMap.copyOf(Maps.transformValues(splits, Shards::lengths));
  }

  /** The files of a split in the order of their examples, and how many each has. */
  ImmutableList<ShardFile> shardFiles(String split) {
    Shards shards = checkNotNull(splits.get(split), "no split %s", split);
    ImmutableList<Long> lengths = shards.lengths();
    int digits = Math.max(5, Integer.toString(lengths.size()).length());
    String count = Strings.padStart(Integer.toString(lengths.size()), digits, '0');
    ImmutableList.Builder<ShardFile> files = ImmutableList.builder();
    for (int shard = 0; shard < lengths.size(); shard++) {
      String index = Strings.padStart(Integer.toString(shard), digits, '0');
      String name =
          shards
              .template()
              .replace("{DATASET}", this.name)
              .replace("{SPLIT}", split)
              .replace("{FILEFORMAT}", "tfrecord")
              .replace("{SHARD_INDEX}", index)
              .replace("{NUM_SHARDS}", count)
              .replace("{SHARD_X_OF_Y}", index + "-of-" + count);
      files.add(new ShardFile(name, lengths.get(shard)));
    }
    return files.build();
  }

  /** Reads a JSON file whose root is an object. */
  static JsonNode json(Path file) {
    JsonNode root;
    try {
      root = JSON.readTree(WholeFile.bytes(file));
    } catch (JsonProcessingException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s is not valid JSON: %s",
          file,
          Quoted.of(e.getOriginalMessage().lines().findFirst().orElse("")));
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "a directory prepared by TFDS");
    }
    if (!root.isObject()) {
      throw new UserException(ExitCode.DATA, "%s holds no JSON object, expected TFDS's", file);
    }
    return root;
  }

  static UserException unfit(Path file, String key, Object found, String expected) {
    return new UserException(
        ExitCode.DATA,
        "%s: %s is %s, expected %s",
        file,
        Quoted.of(key),
        Quoted.of(String.valueOf(found)),
        expected);
  }

  private static ImmutableList<Long> lengths(Path file, String split, JsonNode lengths) {
    if (!lengths.isArray()) {
      throw unfit(file, "shardLengths of " + split, lengths, "the examples of each shard");
    }
    ImmutableList.Builder<Long> numbers = ImmutableList.builder();
    for (JsonNode length : lengths) {
      numbers.add(count(file, "shardLengths of " + split, length.asText()));
    }
    return numbers.build();
  }

  /** A count; the 64-bit numbers of a JSON proto stand in quotes. */
  static long count(Path file, String key, String text) {
    try {
      long number = Long.parseLong(text);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, as for a negative number.
    }
    throw unfit(file, key, "\"" + text + "\"", "a number of 0 or more");
  }

  private static String text(Path file, JsonNode object, String key) {
    String text = object.path(key).asText("");
    if (text.isEmpty()) {
      throw unfit(file, key, object.path(key), "a name");
    }
    return fileName(file, key, object.path(key));
  }

  /** Text that becomes part of a file's name. */
  static String fileName(Path file, String key, JsonNode node) {
    String text = node.asText("");
    if (LocalPath.ifValid(text).isEmpty()) {
      throw unfit(file, key, node, "part of a file's name");
    }
    return text;
  }
}
