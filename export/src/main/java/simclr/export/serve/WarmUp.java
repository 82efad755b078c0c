package simclr.export.serve;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.TensorProto;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;
import simclr.export.bundle.ModelFailure;
import simclr.io.TfRecordFile;

/**
 * The requests that an export brings along, so that the first one of a user does not wait for what
 * TensorFlow prepares on first use.
 *
 * <p>The file holds TFRecords of {@code tensorflow.serving.PredictionLog}, a message that
 * TensorFlow-Java lacks; its few fields are read by number.
 *
 * <pre>
 *   PredictionLog.predict_log = 6    PredictLog.request = 1
 *   PredictRequest.model_spec = 1    .inputs = 2 (map: key = 1, value = 2)
 *   ModelSpec.signature_name = 3
 * </pre>
 */
final class WarmUp {
  private static final String FILE = "assets.extra/tf_serving_warmup_requests";
  private static final int MOST_RECORDS = 1000; // as TensorFlow Serving

  private WarmUp() {}

  /**
   * Runs all requests of the model's file, if it has one.
   *
   * @return how many there were
   * @throws UserException (data) if the file is damaged or the model fails at a request
   */
  static int run(LoadedModel model) {
    Path file = model.directory().resolve(FILE);
    if (!Files.exists(file)) {
      return 0;
    }
    int count = 0;
    try (TfRecordFile records = TfRecordFile.open(file)) {
      for (byte[] record = records.next(); record != null; record = records.next()) {
        if (++count > MOST_RECORDS) {
          throw new UserException(
              ExitCode.DATA, "%s has more than %s requests", file, MOST_RECORDS);
        }
        run(model, file, count, record);
      }
    }
    return count;
  }

  private static void run(LoadedModel model, Path file, int number, byte[] record) {
    try {
      ByteString request =
          field(UnknownFieldSet.parseFrom(record), 6)
              .flatMap(log -> parsed(log, 1))
              .orElseThrow(() -> broken(file, number, "has no predict request"));
      UnknownFieldSet fields = UnknownFieldSet.parseFrom(request);
      String signature =
          field(fields, 1)
              .flatMap(spec -> parsed(spec, 3))
              .map(ByteString::toStringUtf8)
              .filter(name -> !name.isEmpty())
              .orElse(LoadedModel.DEFAULT_SIGNATURE);
      Map<String, List<HostTensor>> inputs = new LinkedHashMap<>();
      for (ByteString entry : fields.getField(2).getLengthDelimitedList()) {
        inputs.put(
            parsed(entry, 1).orElse(ByteString.EMPTY).toStringUtf8(),
            ImmutableList.of(
                tensor(
                    file,
                    number,
                    TensorProto.parseFrom(parsed(entry, 2).orElse(ByteString.EMPTY)))));
      }
      if (!model.signature(signature).getInputsMap().keySet().equals(inputs.keySet())) {
        throw broken(file, number, "has other inputs than signature " + signature);
      }
      model.run(
          signature,
          ImmutableMap.copyOf(inputs),
          model.signature(signature).getOutputsMap().keySet());
    } catch (InvalidProtocolBufferException e) {
      throw broken(file, number, "is no PredictionLog");
    } catch (ModelFailure e) {
      throw broken(file, number, "fails (" + e.sentence() + ")");
    }
  }

  private static HostTensor tensor(Path file, int number, TensorProto proto) {
    Shape shape =
        Shape.of(
            proto.getTensorShape().getDimList().stream().mapToLong(dim -> dim.getSize()).toArray());
    try {
      return switch (proto.getDtype()) {
        case DT_FLOAT -> new HostTensor.Floats(shape, floats(proto, shape.size()));
        case DT_STRING ->
            new HostTensor.Strings(
                shape, proto.getStringValList().stream().map(ByteString::toByteArray).toList());
        default -> throw broken(file, number, "has a tensor of " + proto.getDtype());
      };
    } catch (IllegalArgumentException e) {
      throw broken(file, number, "has a tensor with other values than its shape says");
    }
  }

  private static float[] floats(TensorProto proto, long size) {
    ByteBuffer content = proto.getTensorContent().asReadOnlyByteBuffer();
    float[] values = new float[Math.toIntExact(size)];
    int given = proto.getFloatValCount();
    if (content.remaining() == size * Float.BYTES) {
      content.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    } else if (given > 0) {
      // The last one stands for all that follow.
      for (int i = 0; i < values.length; i++) {
        values[i] = proto.getFloatVal(Math.min(i, given - 1));
      }
    }
    return values;
  }

  private static Optional<ByteString> field(UnknownFieldSet fields, int number) {
    List<ByteString> values = fields.getField(number).getLengthDelimitedList();
    return values.isEmpty() ? Optional.empty() : Optional.of(values.get(values.size() - 1));
  }

  private static Optional<ByteString> parsed(ByteString message, int number) {
    try {
      return field(UnknownFieldSet.parseFrom(message), number);
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty();
    }
  }

  private static UserException broken(Path file, int number, String what) {
    return new UserException(ExitCode.DATA, "%s: request %s %s", file, number, what);
  }
}
