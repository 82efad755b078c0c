package simclr.summary;

import com.google.common.collect.ImmutableSortedMap;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * The curves of a run, read back from the event files that {@link EventWriter} left in its
 * directory.
 *
 * <p>A run that was killed has several files and may have logged a step twice: the later file
 * holds.
 */
public final class ScalarHistory {
  /** Length and its checksum. */
  private static final int HEADER_BYTES = 12;

  private static final int FOOTER_BYTES = 4;

  private final Map<Tag, TreeMap<Long, Float>> curves = new EnumMap<>(Tag.class);

  private ScalarHistory() {}

  /**
   * Reads every event file of a directory.
   *
   * @throws UserException if the directory or a file cannot be read
   */
  public static ScalarHistory of(Path dir) {
    ScalarHistory history = new ScalarHistory();
    try (Stream<Path> files = Files.list(dir)) {
      List<Path> inOrder =
          files.filter(file -> name(file).startsWith("events.out.tfevents.")).sorted().toList();
      for (Path file : inOrder) {
        history.read(file);
      }
    } catch (IOException e) {
      throw new UserException(
          ExitCode.NO_INPUT, "%s cannot be read (%s), expected the directory of a run", dir, e);
    }
    return history;
  }

  /** Value by step; empty if the tag was never written. */
  public ImmutableSortedMap<Long, Float> curve(Tag tag) {
    return ImmutableSortedMap.copyOf(curves.getOrDefault(tag, new TreeMap<>()));
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** A tail that a kill cut off ends the file; what precedes it counts. */
  private void read(Path file) throws IOException {
    try (InputStream raw = Files.newInputStream(file);
        DataInputStream in = new DataInputStream(new BufferedInputStream(raw))) {
      for (Optional<byte[]> record = next(in, file); record.isPresent(); record = next(in, file)) {
        Event event = Event.parseFrom(record.get());
        event.getSummary().getValueList().forEach(value -> add(event.getStep(), value));
      }
    }
  }

  private static Optional<byte[]> next(DataInputStream in, Path file) throws IOException {
    byte[] header = new byte[HEADER_BYTES];
    try {
      in.readFully(header);
      ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
      long length = fields.getLong();
      boolean whole = fields.getInt() == TfRecords.maskedCrc(Arrays.copyOf(header, 8));
      if (!whole || length < 0 || length > Files.size(file)) {
        return Optional.empty();
      }
      byte[] data = new byte[Math.toIntExact(length)];
      in.readFully(data);
      byte[] footer = new byte[FOOTER_BYTES];
      in.readFully(footer);
      int crc = ByteBuffer.wrap(footer).order(ByteOrder.LITTLE_ENDIAN).getInt();
      return crc == TfRecords.maskedCrc(data) ? Optional.of(data) : Optional.empty();
    } catch (EOFException e) {
      return Optional.empty();
    }
  }

  private void add(long step, Summary.Value value) {
    Arrays.stream(Tag.values())
        .filter(tag -> tag.toString().equals(value.getTag()))
        .forEach(tag -> curves.computeIfAbsent(tag, t -> new TreeMap<>()).put(step, scalar(value)));
  }

  private static float scalar(Summary.Value value) {
    return value
        .getTensor()
        .getTensorContent()
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .getFloat();
  }
}
