package simclr.export.savedmodel;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorProto;
import org.tensorflow.proto.TensorShapeProto;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TfRecordFile;

/**
 * {@code assets.extra/tf_serving_warmup_requests}: one request for each signature, which TensorFlow
 * Serving answers before it takes others, so that the first user does not wait.
 *
 * <p>The file is a row of framed messages. TensorFlow-Java lacks their classes, so they are put
 * together by field number:
 *
 * <pre>
 * PredictionLog  { predict_log = 6: PredictLog }
 * PredictLog     { request = 1: PredictRequest }
 * PredictRequest { model_spec = 1: ModelSpec, inputs = 2: map of string (1) to TensorProto (2) }
 * ModelSpec      { name = 1: string, signature_name = 3: string }
 * </pre>
 */
final class WarmUp {
  private static final String DIRECTORY = "assets.extra";
  private static final String FILE = "tf_serving_warmup_requests";

  private WarmUp() {}

  /** Writes the file into an export. */
  static void write(Path directory, Map<String, ModuleFunction> signatures, int imageSize) {
    Path file = directory.resolve(DIRECTORY).resolve(FILE);
    try {
      Files.createDirectory(directory.resolve(DIRECTORY));
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
        for (Map.Entry<String, ModuleFunction> signature : signatures.entrySet()) {
          TensorSpec input = signature.getValue().input();
          TensorProto value = input.type() == DataType.DT_STRING ? encodedImage() : grey(imageSize);
          TfRecordFile.append(out, log(signature.getKey(), input.name(), value).toByteArray());
        }
      }
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be written (%s)", file, e);
    }
  }

  private static ByteString log(String signature, String argument, TensorProto value) {
    ByteString spec = message(1, text(SavedModelExport.MODEL_NAME), 3, text(signature));
    ByteString input = message(1, text(argument), 2, value.toByteString());
    return message(6, message(1, message(1, spec, 2, input)));
  }

  /** One value stands for all elements. */
  private static TensorProto grey(int size) {
    return TensorProto.newBuilder()
        .setDtype(DataType.DT_FLOAT)
        .setTensorShape(shape(List.of(1, size, size, 3)))
        .addFloatVal(0.5f)
        .build();
  }

  private static TensorProto encodedImage() {
    return TensorProto.newBuilder()
        .setDtype(DataType.DT_STRING)
        .setTensorShape(shape(List.of(1)))
        .addStringVal(ByteString.copyFrom(Samples.encoded(1).get(0)))
        .build();
  }

  private static TensorShapeProto shape(List<Integer> sizes) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    sizes.forEach(size -> shape.addDimBuilder().setSize(size));
    return shape.build();
  }

  private static ByteString message(int number, ByteString value) {
    return UnknownFieldSet.newBuilder()
        .addField(number, Field.newBuilder().addLengthDelimited(value).build())
        .build()
        .toByteString();
  }

  private static ByteString message(int first, ByteString value, int second, ByteString other) {
    return message(first, value).concat(message(second, other));
  }

  private static ByteString text(String text) {
    return ByteString.copyFromUtf8(text);
  }
}
