package simclr.export.bundle;

import com.google.common.collect.ImmutableMap;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.proto.TensorProto;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TfRecordFile;

/**
 * A request that an export brings along in {@value #FILE}. Servers answer these before they take
 * others, so that the first user does not wait for what TensorFlow prepares on first use.
 *
 * <p>The file is a TFRecord file of messages whose classes TensorFlow-Java lacks; their few fields
 * are written and read by number:
 *
 * <pre>
 * PredictionLog  { predict_log = 6: PredictLog }
 * PredictLog     { request = 1: PredictRequest }
 * PredictRequest { model_spec = 1: ModelSpec, inputs = 2: map of string (1) to TensorProto (2) }
 * ModelSpec      { name = 1: string, signature_name = 3: string }
 * </pre>
 *
 * @param signature that is asked
 * @param inputs value by argument
 */
public record WarmUpRequest(String signature, ImmutableMap<String, TensorProto> inputs) {
  private static final String FILE = "assets.extra/tf_serving_warmup_requests";
  private static final int MOST = 1000; // as TensorFlow Serving

  /** Takes the requests of a file one by one. */
  public interface Visitor {
    /**
     * Takes one request.
     *
     * @param number from 1
     */
    void visit(int number, WarmUpRequest request);
  }

  /** Where the requests of an export are. */
  static Path file(Path directory) {
    return directory.resolve(FILE);
  }

  /**
   * Writes the file into an export.
   *
   * @param model name that servers give the model
   * @throws UserException CANNOT_WRITE, naming the file
   */
  public static void write(Path directory, String model, List<WarmUpRequest> requests) {
    Path file = file(directory);
    try {
      Files.createDirectories(file.resolveSibling("."));
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
        for (WarmUpRequest request : requests) {
          TfRecordFile.append(out, request.log(model).toByteArray());
        }
      }
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", file, e);
    }
  }

  /**
   * Reads the file of an export, if it has one.
   *
   * @return how many requests there are
   * @throws UserException (data) if the file is damaged
   */
  public static int forEach(Path directory, Visitor visitor) {
    Path file = file(directory);
    if (!Files.exists(file)) {
      return 0;
    }
    int count = 0;
    try (TfRecordFile records = TfRecordFile.open(file)) {
      for (byte[] record = records.next(); record != null; record = records.next()) {
        if (++count > MOST) {
          throw new UserException(ExitCode.DATA, "%s has more than %s requests", file, MOST);
        }
        visitor.visit(count, parse(file, count, record));
      }
    }
    return count;
  }

  /** What to tell the user of a request that does not fit. */
  public static UserException broken(Path directory, int number, String what) {
    return brokenIn(file(directory), number, what);
  }

  private ByteString log(String model) {
    UnknownFieldSet.Builder request = UnknownFieldSet.newBuilder();
    request.addField(1, strings(message(1, text(model)).concat(message(3, text(signature)))));
    Field.Builder arguments = Field.newBuilder();
    inputs.forEach(
        (name, value) ->
            arguments.addLengthDelimited(
                message(1, text(name)).concat(message(2, value.toByteString()))));
    request.addField(2, arguments.build());
    return message(6, message(1, request.build().toByteString()));
  }

  private static WarmUpRequest parse(Path file, int number, byte[] record) {
    try {
      ByteString log = field(UnknownFieldSet.parseFrom(record), 6);
      ByteString request = field(UnknownFieldSet.parseFrom(log), 1);
      if (request.isEmpty()) {
        throw brokenIn(file, number, "has no predict request");
      }
      UnknownFieldSet fields = UnknownFieldSet.parseFrom(request);
      String signature = field(UnknownFieldSet.parseFrom(field(fields, 1)), 3).toStringUtf8();
      Map<String, TensorProto> inputs = new LinkedHashMap<>();
      for (ByteString entry : fields.getField(2).getLengthDelimitedList()) {
        UnknownFieldSet pair = UnknownFieldSet.parseFrom(entry);
        inputs.put(field(pair, 1).toStringUtf8(), TensorProto.parseFrom(field(pair, 2)));
      }
      return new WarmUpRequest(
          signature.isEmpty() ? LoadedModel.DEFAULT_SIGNATURE : signature,
          ImmutableMap.copyOf(inputs));
    } catch (InvalidProtocolBufferException e) {
      throw brokenIn(file, number, "is not a PredictionLog");
    }
  }

  /** The last value of a field; empty without one, which is an empty message too. */
  private static ByteString field(UnknownFieldSet fields, int number) {
    List<ByteString> values = fields.getField(number).getLengthDelimitedList();
    return values.isEmpty() ? ByteString.EMPTY : values.get(values.size() - 1);
  }

  private static ByteString message(int number, ByteString value) {
    return UnknownFieldSet.newBuilder().addField(number, strings(value)).build().toByteString();
  }

  private static Field strings(ByteString value) {
    return Field.newBuilder().addLengthDelimited(value).build();
  }

  private static ByteString text(String text) {
    return ByteString.copyFromUtf8(text);
  }

  private static UserException brokenIn(Path file, int number, String what) {
    return new UserException(ExitCode.DATA, "%s: request %s %s", file, number, what);
  }
}
