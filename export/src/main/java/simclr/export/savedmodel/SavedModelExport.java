package simclr.export.savedmodel;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.protobuf.ByteString;
import java.nio.file.Path;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TensorProto;
import simclr.config.UserException;
import simclr.export.bundle.WarmUpRequest;
import simclr.export.inspect.OperationScan;
import simclr.inference.RestoredModel;

/**
 * Writes a checkpoint as a TF2 SavedModel that is two things at once.
 *
 * <ul>
 *   <li>the released module: {@code model(images, trainable=False)} gives the dict of endpoints in
 *       Python; both calls can be differentiated, and {@code trainable=True} moves the averages;
 *   <li>servable: signatures {@code serving_default}, {@code project} and {@code image_bytes}.
 * </ul>
 *
 * <pre>{@code
 * ExportSource source = ExportSource.ofModelDir(Path.of("runs/pretrain"), System.out::println);
 * Path written = SavedModelExport.write(source, Path.of("exports"));
 * }</pre>
 */
public final class SavedModelExport {
  /** What servers and their requests call the model. */
  static final String MODEL_NAME = "simclr";

  private SavedModelExport() {}

  /**
   * Writes {@code base/<step>}, loads it again and compares its answers with those of the model; it
   * gets its name only if they agree.
   *
   * @return the directory of the version; the step, or 1 for weights of step 0
   * @throws UserException CANNOT_WRITE if the version exists or cannot be written, DATA if the
   *     checkpoint does not fit the flags or is corrupt or truncated
   */
  public static Path write(ExportSource source, Path base) {
    return write(source, base, false, false);
  }

  /**
   * The same with {@code models.config} and {@code batching.config} for TensorFlow Serving in
   * {@code base}. They come before the version: whoever finds it finds them.
   */
  public static Path writeForServing(ExportSource source, Path base) {
    return write(source, base, false, true);
  }

  /**
   * The same after an evaluation: a version that exists is replaced, and of all versions the newest
   * are kept.
   *
   * @param keep how many; 0 or less keeps all
   */
  public static Path writeAndRetain(ExportSource source, Path base, int keep) {
    Path written = write(source, base, true, false);
    VersionDirectory.retain(base, keep);
    return written;
  }

  private static Path write(
      ExportSource source, Path base, boolean replace, boolean servingConfig) {
    long step = source.checkpoint().step();
    ModuleFunctions functions = new ModuleFunctions(source);
    try (VersionDirectory version = VersionDirectory.begin(base, Math.max(1, step), replace)) {
      SavedModelWriter writer = SavedModelWriter.of(functions, source.labels());
      ReloadCheck check;
      try (RestoredModel model = source.open()) {
        writer.write(version.aside(), model);
        check = ReloadCheck.expecting(source, functions, model);
      }
      WarmUpRequest.write(
          version.aside(), MODEL_NAME, warmUp(writer.signatures(), source.config().imageSize()));
      ManifestContents.of(source, writer, step).write(version.aside());
      OperationScan.requireHarmless(version.aside());
      check.run(version.aside());
      if (servingConfig) {
        ServingConfig.write(base);
      }
      return version.publish();
    }
  }

  /** One request for each signature. */
  private static ImmutableList<WarmUpRequest> warmUp(
      Map<String, ModuleFunction> signatures, int imageSize) {
    return signatures.entrySet().stream()
        .map(
            signature ->
                new WarmUpRequest(
                    signature.getKey(), example(signature.getValue().input(), imageSize)))
        .collect(toImmutableList());
  }

  private static ImmutableMap<String, TensorProto> example(TensorSpec input, int imageSize) {
    boolean encoded = input.type() == DataType.DT_STRING;
    Shape shape = encoded ? Shape.of(1) : Shape.of(1, imageSize, imageSize, 3);
    TensorProto.Builder value =
        TensorProto.newBuilder().setDtype(input.type()).setTensorShape(TensorSpec.proto(shape));
    if (encoded) {
      value.addStringVal(ByteString.copyFrom(Samples.encoded(1).get(0)));
    } else {
      value.addFloatVal(0.5f); // It stands for all elements.
    }
    return ImmutableMap.of(input.name(), value.build());
  }
}
