package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.types.TFloat32;
import simclr.eval.record.EncoderInfo;
import simclr.export.bundle.HostTensor;

/** From images to representations, by weights that do not change. */
sealed interface FrozenEncoder extends AutoCloseable
    permits CheckpointEncoder, ExportedEncoder, PixelEncoder {
  EncoderInfo identity();

  /** Names of the representations that it has, from the input on. */
  ImmutableList<String> layers();

  /** Side in pixels of the images that it takes. */
  int imageSize();

  /** SHA-256 of what the representations depend on, taken anew from where the encoder holds it. */
  String digest();

  /** What {@link #digest} is of, and how batch normalisation ran, by key of the result. */
  com.google.common.collect.ImmutableMap<String, String> facts();

  /**
   * Runs it in inference mode.
   *
   * @param images shape (n, imageSize, imageSize, 3), values in [0, 1]
   * @param layers some of {@link #layers}, each once
   * @return shape (n, width) for each of them
   */
  List<HostTensor.Floats> encode(TFloat32 images, List<String> layers);

  @Override
  void close();
}
