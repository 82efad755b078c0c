package simclr.inference;

import org.tensorflow.ndarray.Shape;
import simclr.config.RunConfig;
import simclr.data.records.Split;

/**
 * Which model is opened, and where its images come from.
 *
 * @param config flags that build it; {@code --partial} lets a checkpoint have gaps
 * @param numClasses outputs of the supervised head; 0 leaves it out
 * @param images what it is run on
 */
public record ModelSpec(RunConfig config, int numClasses, Images images) {
  private static final Shape ANY_SIZE =
      Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, 3);

  /** Where images come from. */
  public sealed interface Images {
    /**
     * The caller brings each batch.
     *
     * @param shape of it, (n, height, width, 3), where it is known
     */
    record Fed(Shape shape) implements Images {}

    /** The images of a split, in batches of {@code --eval_batch_size}, prepared for evaluation. */
    record OfSplit(Split split) implements Images {}
  }

  /** A model for batches of images of any size. */
  public static ModelSpec fed(RunConfig config, int numClasses) {
    return new ModelSpec(config, numClasses, new Images.Fed(ANY_SIZE));
  }

  /** A model for batches of images of {@code --image_size}. */
  public static ModelSpec fedSquare(RunConfig config, int numClasses) {
    int side = config.imageSize();
    Shape shape = Shape.of(Shape.UNKNOWN_SIZE, side, side, 3);
    return new ModelSpec(config, numClasses, new Images.Fed(shape));
  }

  /** A model that is run over the images of a split. */
  public static ModelSpec over(Split split, RunConfig config, int numClasses) {
    return new ModelSpec(config, numClasses, new Images.OfSplit(split));
  }
}
