package simclr.export.serve;

import com.google.common.collect.ImmutableMap;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorProto;
import simclr.config.UserException;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;
import simclr.export.bundle.ModelFailure;
import simclr.export.bundle.WarmUpRequest;

/** Runs the requests that an export brings along. */
final class WarmUp {
  /** 256 MiB of float32: a request says how many there are, and one value may stand for all. */
  private static final long MOST_VALUES = 1L << 26;

  private WarmUp() {}

  /**
   * Runs all requests of the model's file, if it has one.
   *
   * @return how many there were
   * @throws UserException (data) if the file is damaged or the model fails at a request
   */
  static int run(LoadedModel model) {
    return WarmUpRequest.forEach(
        model.directory(), (number, request) -> run(model, number, request));
  }

  private static void run(LoadedModel model, int number, WarmUpRequest request) {
    String signature = request.signature();
    SignatureDef definition = model.signature(signature);
    if (!definition.getInputsMap().keySet().equals(request.inputs().keySet())) {
      throw broken(model, number, "has other inputs than signature " + signature);
    }
    ImmutableMap.Builder<String, List<HostTensor>> inputs = ImmutableMap.builder();
    request
        .inputs()
        .forEach((name, value) -> inputs.put(name, List.of(tensor(model, number, value))));
    try {
      model.run(signature, inputs.buildOrThrow(), definition.getOutputsMap().keySet());
    } catch (ModelFailure e) {
      throw broken(model, number, "fails (" + e.sentence() + ")");
    }
  }

  private static HostTensor tensor(LoadedModel model, int number, TensorProto proto) {
    Shape shape =
        Shape.of(
            proto.getTensorShape().getDimList().stream().mapToLong(dim -> dim.getSize()).toArray());
    try {
      return switch (proto.getDtype()) {
        case DT_FLOAT -> new HostTensor.Floats(shape, floats(proto, shape.size()));
        case DT_STRING ->
            new HostTensor.Strings(
                shape, proto.getStringValList().stream().map(ByteString::toByteArray).toList());
        default -> throw broken(model, number, "has a tensor of " + proto.getDtype());
      };
    } catch (IllegalArgumentException e) {
      throw broken(model, number, "has a tensor with other values than its shape says");
    }
  }

  private static float[] floats(TensorProto proto, long size) {
    if (size < 0 || size > MOST_VALUES) {
      throw new IllegalArgumentException(size + " values");
    }
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

  private static UserException broken(LoadedModel model, int number, String what) {
    return WarmUpRequest.broken(model.directory(), number, what);
  }
}
