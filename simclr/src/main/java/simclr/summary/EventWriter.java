package simclr.summary;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import com.google.protobuf.ByteString;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.tensorflow.proto.DataClass;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;
import org.tensorflow.proto.SummaryMetadata;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TfRecordFile;

/**
 * A TensorBoard event file in the form of TensorFlow 2, as {@code tf.summary} writes it.
 *
 * <p>The file is a row of Event messages framed as in a {@link TfRecordFile}. The first event holds
 * the version; every other one value: a float tensor under the plugin {@code scalars}, or a string
 * vector {@code [width, height, png, ...]} under {@code images}. A process killed amid a record
 * leaves a tail that readers skip. Not safe for several threads.
 */
public final class EventWriter implements AutoCloseable {
  private static final String VERSION = "brain.Event:2";

  /** Numbers the files of this process, so that two writers of one second do not collide. */
  private static final AtomicInteger FILES = new AtomicInteger();

  private final Path file;
  private final OutputStream out;

  private EventWriter(Path file, OutputStream out) {
    this.file = file;
    this.out = out;
  }

  /**
   * Starts a new event file in {@code dir}; files of earlier runs stay.
   *
   * @throws UserException if it cannot be written
   */
  public static EventWriter in(Path dir) {
    Path file = dir;
    try {
      Files.createDirectories(dir);
      // In a container every run may have the same host and process id.
      do {
        file = dir.resolve(nextName());
      } while (Files.exists(file));
      OutputStream raw = Files.newOutputStream(file, CREATE_NEW, WRITE);
      EventWriter writer = new EventWriter(file, new BufferedOutputStream(raw));
      writer.write(event().setFileVersion(VERSION).build());
      writer.flush();
      return writer;
    } catch (IOException e) {
      throw cannotWrite(file, e);
    }
  }

  /** The file that is written. */
  public Path file() {
    return file;
  }

  /** Appends one value. */
  public void scalar(long step, Tag tag, float value) {
    TensorProto tensor =
        TensorProto.newBuilder()
            .setDtype(DataType.DT_FLOAT)
            .setTensorShape(TensorShapeProto.getDefaultInstance())
            .setTensorContent(ByteString.copyFrom(littleEndian(4).putFloat(value).flip()))
            .build();
    write(step, tag.toString(), "scalars", DataClass.DATA_CLASS_SCALAR, tensor);
  }

  /** Appends one value per tag, in the order of the map. */
  public void scalars(long step, Map<Tag, Float> values) {
    values.forEach((tag, value) -> scalar(step, tag, value));
  }

  /**
   * Appends images under one tag.
   *
   * @param width of every image, in pixels
   * @param height of every image, in pixels
   * @param pngs the images as PNG files
   */
  public void images(long step, String tag, int width, int height, List<byte[]> pngs) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setDtype(DataType.DT_STRING)
            .setTensorShape(
                TensorShapeProto.newBuilder()
                    .addDim(TensorShapeProto.Dim.newBuilder().setSize(2L + pngs.size())))
            .addStringVal(ByteString.copyFromUtf8(Integer.toString(width)))
            .addStringVal(ByteString.copyFromUtf8(Integer.toString(height)));
    pngs.forEach(png -> tensor.addStringVal(ByteString.copyFrom(png)));
    write(step, tag, "images", DataClass.DATA_CLASS_BLOB_SEQUENCE, tensor.build());
  }

  /** Hands everything appended so far to the operating system. */
  public void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw cannotWrite(file, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw cannotWrite(file, e);
    }
  }

  private void write(
      long step, String tag, String plugin, DataClass dataClass, TensorProto tensor) {
    SummaryMetadata metadata =
        SummaryMetadata.newBuilder()
            .setPluginData(SummaryMetadata.PluginData.newBuilder().setPluginName(plugin))
            .setDataClass(dataClass)
            .build();
    Summary.Value value =
        Summary.Value.newBuilder().setTag(tag).setMetadata(metadata).setTensor(tensor).build();
    try {
      write(event().setStep(step).setSummary(Summary.newBuilder().addValue(value)).build());
    } catch (IOException e) {
      throw cannotWrite(file, e);
    }
  }

  private void write(Event event) throws IOException {
    TfRecordFile.append(out, event.toByteArray());
  }

  private static Event.Builder event() {
    return Event.newBuilder().setWallTime(System.currentTimeMillis() / 1000.0);
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static String nextName() {
    return String.format(
        Locale.ROOT,
        "events.out.tfevents.%d.%s.%d.%d.v2",
        System.currentTimeMillis() / 1000,
        host(),
        ProcessHandle.current().pid(),
        FILES.getAndIncrement());
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      // A machine without a resolvable name still trains; the name only tells files apart.
      return "localhost";
    }
  }

  private static UserException cannotWrite(Path file, IOException e) {
    return new UserException(
        ExitCode.CANNOT_WRITE, "%s cannot be written (%s), expected a writable disk", file, e);
  }
}
