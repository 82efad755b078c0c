package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.eval.record.EncoderInfo;
import simclr.export.bundle.ExportDirectory;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;
import simclr.export.bundle.ModelFailure;
import simclr.export.bundle.TimeLimits;

/** An exported SavedModel by its signatures, which hold h and, with a projection head, z. */
final class ExportedEncoder implements FrozenEncoder {
  private static final String PROJECT = "project";
  private static final String INPUTS = "inputs";

  private final LoadedModel model;
  private final int imageSize;

  private ExportedEncoder(LoadedModel model, int imageSize) {
    this.model = model;
    this.imageSize = imageSize;
  }

  /**
   * Loads an export.
   *
   * @param export a version's directory, or that of all, whose newest is taken
   * @throws simclr.config.UserException if it is missing, damaged, harmful or of another program
   */
  static ExportedEncoder of(Path export, TimeLimits limits) {
    LoadedModel model = LoadedModel.open(ExportDirectory.newest(export), limits);
    try {
      return new ExportedEncoder(model, model.requiredInfo().imageSize());
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  @Override
  public EncoderInfo identity() {
    String name = model.directory().getFileName().toString();
    return EncoderInfo.of(
        EncoderInfo.Kind.EXPORT,
        Optional.of(model.directory().toString()),
        Optional.of(variables()),
        name.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(name)) : OptionalLong.empty(),
        Optional.empty());
  }

  @Override
  public ImmutableList<String> layers() {
    return model.signatures().containsKey(PROJECT)
        ? ImmutableList.of(Layers.H, Layers.Z)
        : ImmutableList.of(Layers.H);
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  /** Of the files, and of what the loaded model makes of fixed images. */
  @Override
  public String digest() {
    Hasher hasher = Hashing.sha256().newHasher();
    hasher.putString(variables(), StandardCharsets.UTF_8);
    float[] values = new float[2 * imageSize * imageSize * 3];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7919 % 1021) / 1021f;
    }
    HostTensor.Floats fixed = new HostTensor.Floats(Shape.of(2, imageSize, imageSize, 3), values);
    for (String layer : layers()) {
      for (float value : answer(layer, fixed).values()) {
        hasher.putInt(Float.floatToRawIntBits(value));
      }
    }
    return hasher.hash().toString();
  }

  private HostTensor.Floats answer(String layer, HostTensor.Floats images) {
    try {
      return model.floats(
          signature(layer), ImmutableMap.of(INPUTS, ImmutableList.of(images)), output(layer));
    } catch (ModelFailure e) {
      throw model.failed(signature(layer), e);
    }
  }

  @Override
  public ImmutableMap<String, String> facts() {
    return ImmutableMap.of(
        "variables",
        "the export's variables file, and the loaded model's answers to two fixed images",
        "batch_norm",
        "moving statistics (the export's inference signatures)");
  }

  @Override
  public List<HostTensor.Floats> encode(TFloat32 images, List<String> layers) {
    return layers.stream()
        .map(
            layer ->
                model.floatsOfTensors(
                    signature(layer), ImmutableMap.of(INPUTS, images), output(layer)))
        .toList();
  }

  @Override
  public void close() {
    model.close();
  }

  private String variables() {
    return CheckpointFile.sha256(model.directory().resolve("variables").resolve("variables"));
  }

  private static String signature(String layer) {
    return layer.equals(Layers.Z) ? PROJECT : LoadedModel.DEFAULT_SIGNATURE;
  }

  private static String output(String layer) {
    return layer.equals(Layers.Z) ? "projection" : "representation";
  }
}
