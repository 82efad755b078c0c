package simclr.checkpoint;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.tensorflow.ndarray.Shape;
import simclr.model.ResNetSpec;

/**
 * Reads an encoder's convolutions in the order in which they are constructed: the stem, then each
 * block with its shortcut, its main path and what squeezes it. The first block of a group has a
 * shortcut, the others have none.
 */
final class EncoderLayers {
  /** Ratios of published models, taken where the shapes leave a choice. */
  private static final float PUBLISHED_SK = 0.0625f;

  private static final float PUBLISHED_SE = 0.25f;

  private static final int LEAST_SK = 32;
  private static final int LEAST_SE = 1;
  private static final int WIDTH = 64;

  /** A width that {@code max(least, (int) (filters * ratio))} must give. */
  private record Width(long filters, long squeezed) {}

  private final ImmutableList<Shape> kernels;
  private final boolean squeezed;
  private final List<Integer> blocks = new ArrayList<>();
  private final List<Width> mixing = new ArrayList<>();
  private final List<Width> squeezing = new ArrayList<>();
  private int at;

  private EncoderLayers(Collection<Shape> kernels, boolean squeezed) {
    this.kernels = ImmutableList.copyOf(kernels);
    this.squeezed = squeezed;
  }

  /**
   * The encoder.
   *
   * @param kernels shapes of all convolutions in order of construction
   * @param squeezed whether some have a bias, which those of squeeze and excitation have
   * @param pooledShortcuts whether shortcuts are known to begin with average pooling
   * @return empty if no ResNet of this program is made of these
   */
  static Optional<ResNetSpec> of(
      Collection<Shape> kernels, boolean squeezed, boolean pooledShortcuts) {
    return new EncoderLayers(kernels, squeezed).spec(pooledShortcuts);
  }

  private Optional<ResNetSpec> spec(boolean pooledShortcuts) {
    boolean deepStem = size(0) == 3 && size(1) == 3;
    boolean cifarStem = size(0) == 3 && !deepStem;
    at = deepStem ? 3 : 1;
    long width = out(at - 1);
    boolean bottleneck = size(at) == 1 && size(at + 1) == 1;
    // The 3x3 convolution of a bottleneck makes both branches of a selective kernel at once.
    boolean mixed = bottleneck && out(at + 2) == 2 * out(at + 1);
    while (at < kernels.size()) {
      if (!block(bottleneck, mixed)) {
        return Optional.empty();
      }
    }
    OptionalInt depth = ResNetSpec.depthOf(bottleneck, blocks);
    if (depth.isEmpty() || width < WIDTH || width % WIDTH != 0) {
      return Optional.empty();
    }
    boolean selective = mixed || deepStem || pooledShortcuts;
    return Optional.of(
        new ResNetSpec(
            depth.getAsInt(),
            Math.toIntExact(width / WIDTH),
            cifarStem,
            selective ? ratio(mixing, LEAST_SK, PUBLISHED_SK) : 0,
            squeezed ? ratio(squeezing, LEAST_SE, PUBLISHED_SE) : 0));
  }

  /** Passes over one block; false if the convolutions that follow are not those of one. */
  private boolean block(boolean bottleneck, boolean mixed) {
    boolean shortcut = size(at) == 1 && (!bottleneck || size(at + 1) == 1);
    if (shortcut) {
      blocks.add(0);
      at++;
    }
    boolean fits = take(bottleneck ? 1 : 3);
    fits = fits && take(3);
    if (mixed) {
      mixing.add(new Width(in(at), out(at)));
      fits = fits && take(1) && take(1);
    }
    if (bottleneck) {
      fits = fits && take(1);
    }
    if (squeezed) {
      squeezing.add(new Width(in(at) / (bottleneck ? 4 : 1), out(at)));
      fits = fits && take(1) && take(1);
    }
    if (blocks.isEmpty() || !fits) {
      return false;
    }
    int group = blocks.size() - 1;
    blocks.set(group, blocks.get(group) + 1);
    return true;
  }

  /** Whether the next convolution has this size; passes over it. */
  private boolean take(int size) {
    return size(at++) == size;
  }

  /** A ratio in (0, 1] that gives these widths, the published one if it does. */
  private static float ratio(List<Width> widths, int least, float published) {
    double low = 0;
    double high = 1;
    for (Width width : widths) {
      if (width.squeezed() > least) {
        low = Math.max(low, (double) width.squeezed() / width.filters());
      }
      high = Math.min(high, (double) (width.squeezed() + 1) / width.filters());
    }
    boolean isPublished = widths.isEmpty() || (low <= published && published < high);
    return isPublished ? published : (float) Math.min(1, (low + Math.max(low, high)) / 2);
  }

  /** Side of a convolution's kernel; 0 if there is none. */
  private long size(int convolution) {
    return convolution < kernels.size() ? kernels.get(convolution).get(0) : 0;
  }

  /** Input channels of a convolution; 0 if there is none. */
  private long in(int convolution) {
    return convolution < kernels.size() ? kernels.get(convolution).get(2) : 0;
  }

  /** Output channels of a convolution; 0 if there is none. */
  private long out(int convolution) {
    return convolution < kernels.size() ? kernels.get(convolution).get(3) : 0;
  }
}
