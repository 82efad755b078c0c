package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import simclr.eval.record.EncoderInfo;
import simclr.export.bundle.HostTensor;

/** No encoder at all: the pixels of the image as the model would get it. */
record PixelEncoder(int imageSize) implements FrozenEncoder {
  @Override
  public EncoderInfo identity() {
    return EncoderInfo.of(
        EncoderInfo.Kind.RAW_PIXELS,
        Optional.empty(),
        Optional.empty(),
        OptionalLong.empty(),
        Optional.of(String.format(Locale.ROOT, "%1$d x %1$d x 3 values in [0, 1]", imageSize)));
  }

  @Override
  public ImmutableList<String> layers() {
    return ImmutableList.of(Layers.PIXELS);
  }

  @Override
  public String digest() {
    return "none";
  }

  @Override
  public ImmutableMap<String, String> facts() {
    return ImmutableMap.of("variables", "none", "batch_norm", "none");
  }

  @Override
  public List<HostTensor.Floats> encode(TFloat32 images, List<String> layers) {
    float[] values = ((HostTensor.Floats) HostTensor.of(images)).values();
    int rows = Math.toIntExact(images.shape().get(0));
    return List.of(new HostTensor.Floats(Shape.of(rows, values.length / rows), values));
  }

  @Override
  public void close() {}
}
