package simclr.export.convert;

import static com.google.common.base.Preconditions.checkArgument;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.base.Strings;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.math.LongMath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A file of named tensors, as PyTorch users exchange them. Knows nothing of models.
 *
 * <pre>
 * uint64 n, little-endian
 * n bytes of JSON, padded with spaces to a multiple of 8:
 *   {"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets": [begin, end]}, ...}
 * the tensors' bytes: row-major, little-endian, one behind the other without gaps
 * </pre>
 */
final class Safetensors {
  private static final String METADATA = "__metadata__";
  private static final int LENGTH = Long.BYTES;

  /** Readers are known to refuse longer headers. */
  private static final long LONGEST_HEADER = 100_000_000;

  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;
  private final long dataAt;
  private final ImmutableMap<String, String> metadata;
  private final ImmutableMap<String, Place> places;

  private Safetensors(
      Path file,
      long dataAt,
      ImmutableMap<String, String> metadata,
      ImmutableMap<String, Place> places) {
    this.file = file;
    this.dataAt = dataAt;
    this.metadata = metadata;
    this.places = places;
  }

  /** Element types that occur here. */
  enum ElementType {
    I64(Long.BYTES),
    F32(Float.BYTES);

    private final int bytes;

    ElementType(int bytes) {
      this.bytes = bytes;
    }
  }

  /** A tensor to be written. */
  record Declared(String name, ElementType type, ImmutableList<Long> shape) {
    long bytes() {
      return shape.stream().reduce((long) type.bytes, LongMath::saturatedMultiply);
    }
  }

  /** Where a tensor lies, counted from the end of the header. */
  record Place(ElementType type, ImmutableList<Long> shape, long begin, long end) {}

  /** Yields the bytes of a tensor when its turn comes, so that few are in memory at a time. */
  @FunctionalInterface
  interface Values {
    ByteBuffer of(Declared tensor);
  }

  /**
   * Writes a file and syncs it. Wider elements come first, which keeps all aligned.
   *
   * @throws UserException CANNOT_WRITE, naming the file
   */
  static void write(
      Path file, Map<String, String> metadata, List<Declared> tensors, Values values) {
    List<Declared> ordered = tensors.stream().sorted(Comparator.comparing(Declared::type)).toList();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      writeAll(channel, header(metadata, ordered));
      for (Declared tensor : ordered) {
        ByteBuffer bytes = values.of(tensor);
        checkArgument(
            bytes.remaining() == tensor.bytes(),
            "%s has %s bytes, expected %s",
            tensor.name(),
            bytes.remaining(),
            tensor.bytes());
        writeAll(channel, bytes);
      }
      channel.force(true);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", file, e);
    }
  }

  /**
   * Reads the header and checks it against the file's size.
   *
   * @throws UserException NO_INPUT if there is no such file, DATA if it is corrupt or truncated
   */
  static Safetensors open(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UserException(ExitCode.NO_INPUT, "%s is missing, expected a file", file);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      check(size >= LENGTH, file, "it has %s bytes", size);
      long length = read(channel, 0, LENGTH).getLong();
      check(
          length >= 2 && length <= LONGEST_HEADER && length <= size - LENGTH,
          file,
          "its header claims %s bytes of %s",
          length,
          size);
      String text =
          StandardCharsets.UTF_8.decode(read(channel, LENGTH, Math.toIntExact(length))).toString();
      check(text.startsWith("{"), file, "its header does not begin with {");
      return parse(file, LENGTH + length, size, JSON.readTree(text));
    } catch (JsonProcessingException e) {
      throw corrupt(file, "its header is not valid JSON");
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be read (%s)", file, e);
    }
  }

  ImmutableMap<String, String> metadata() {
    return metadata;
  }

  ImmutableMap<String, Place> places() {
    return places;
  }

  /** The values of a tensor of type F32. */
  float[] floats(String name) {
    Place place = places.get(name);
    checkArgument(
        place != null && place.type() == ElementType.F32, "no F32 tensor %s in %s", name, file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer bytes =
          read(channel, dataAt + place.begin(), Math.toIntExact(place.end() - place.begin()));
      float[] values = new float[bytes.remaining() / Float.BYTES];
      bytes.asFloatBuffer().get(values);
      return values;
    } catch (IOException e) {
      throw new UserException(ExitCode.DATA, "%s cannot be read at %s (%s)", file, name, e);
    }
  }

  private static ByteBuffer header(Map<String, String> metadata, List<Declared> tensors) {
    Map<String, Object> header = new LinkedHashMap<>();
    header.put(METADATA, metadata);
    long at = 0;
    for (Declared tensor : tensors) {
      long end = at + tensor.bytes();
      header.put(
          tensor.name(),
          ImmutableMap.of(
              "dtype",
              tensor.type().name(),
              "shape",
              tensor.shape(),
              "data_offsets",
              List.of(at, end)));
      at = end;
    }
    byte[] json;
    try {
      json = JSON.writeValueAsBytes(header);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
    int padded = (json.length + LENGTH - 1) / LENGTH * LENGTH;
    ByteBuffer bytes = ByteBuffer.allocate(LENGTH + padded).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(padded).put(json);
    while (bytes.hasRemaining()) {
      bytes.put((byte) ' ');
    }
    return bytes.flip();
  }

  private static Safetensors parse(Path file, long dataAt, long size, JsonNode header) {
    ImmutableMap.Builder<String, String> metadata = ImmutableMap.builder();
    Map<String, Place> places = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : header.properties()) {
      if (field.getKey().equals(METADATA)) {
        field.getValue().properties().forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
      } else {
        places.put(field.getKey(), place(file, field.getKey(), field.getValue()));
      }
    }
    List<Place> ordered =
        places.values().stream().sorted(Comparator.comparingLong(Place::begin)).toList();
    long at = 0;
    for (Place place : ordered) {
      check(place.begin() == at, file, "its tensors overlap or leave a gap at byte %s", at);
      at = place.end();
    }
    check(at == size - dataAt, file, "its tensors take %s bytes of %s", at, size - dataAt);
    return new Safetensors(file, dataAt, metadata.buildOrThrow(), ImmutableMap.copyOf(places));
  }

  private static Place place(Path file, String name, JsonNode node) {
    ElementType type;
    try {
      type = ElementType.valueOf(node.path("dtype").asText());
    } catch (IllegalArgumentException e) {
      throw corrupt(
          file, Quoted.of(name) + " is of type " + Quoted.of(node.path("dtype").asText()));
    }
    ImmutableList.Builder<Long> shape = ImmutableList.builder();
    node.path("shape").forEach(dimension -> shape.add(dimension.asLong(-1)));
    JsonNode offsets = node.path("data_offsets");
    Place place =
        new Place(type, shape.build(), offsets.path(0).asLong(-1), offsets.path(1).asLong(-1));
    boolean sound =
        place.begin() >= 0
            && place.end() >= place.begin()
            && place.shape().stream().allMatch(d -> d >= 0 && d <= Integer.MAX_VALUE)
            && new Declared(name, type, place.shape()).bytes() == place.end() - place.begin();
    check(sound, file, "the shape of %s does not fit its bytes", Quoted.of(name));
    check(
        place.end() - place.begin() <= Integer.MAX_VALUE,
        file,
        "%s has more than 2 GiB",
        Quoted.of(name));
    return place;
  }

  private static ByteBuffer read(FileChannel channel, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new IOException("it ends at byte " + (at + bytes.position()));
      }
    }
    return bytes.flip();
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static void check(boolean holds, Path file, String template, Object... args) {
    if (!holds) {
      throw corrupt(file, Strings.lenientFormat(template, args));
    }
  }

  private static UserException corrupt(Path file, String why) {
    return new UserException(
        ExitCode.DATA,
        "%s is corrupt or truncated (%s), expected a whole safetensors file",
        file,
        why);
  }
}
