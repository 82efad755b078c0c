package simclr.summary;

import com.google.common.collect.ImmutableSortedMap;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TfRecordFile;

/**
 * The curves of a run, read back from the event files that {@link EventWriter} left in its
 * directory.
 *
 * <p>A run that was killed has several files and may have logged a step twice: the later file
 * holds.
 */
public final class ScalarHistory {
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
    try (TfRecordFile records = TfRecordFile.open(file)) {
      for (byte[] data = records.nextWhole(); data != null; data = records.nextWhole()) {
        Event event = Event.parseFrom(data);
        for (Summary.Value value : event.getSummary().getValueList()) {
          add(file, event.getStep(), value);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new UserException(
          ExitCode.DATA,
          "%s holds a record that cannot be parsed (%s), expected TensorBoard events",
          file,
          Quoted.of(String.valueOf(e.getMessage())));
    }
  }

  private void add(Path file, long step, Summary.Value value) {
    for (Tag tag : Tag.values()) {
      if (tag.toString().equals(value.getTag())) {
        curves.computeIfAbsent(tag, t -> new TreeMap<>()).put(step, scalar(file, tag, value));
      }
    }
  }

  private static float scalar(Path file, Tag tag, Summary.Value value) {
    ByteString content = value.getTensor().getTensorContent();
    if (value.getTensor().getDtype() != DataType.DT_FLOAT || content.size() != Float.BYTES) {
      throw new UserException(
          ExitCode.DATA,
          "%s holds %s as %s in %s bytes, expected one float32",
          file,
          tag,
          value.getTensor().getDtype(),
          content.size());
    }
    return content.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getFloat();
  }
}
