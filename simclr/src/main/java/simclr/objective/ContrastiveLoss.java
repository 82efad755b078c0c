package simclr.objective;

import java.util.OptionalDouble;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import simclr.config.ContrastiveTask;
import simclr.config.RunConfig;
import simclr.parallel.Replicas;

/**
 * A loss that pulls the two views of an image together and pushes views of other images away
 * (SimCLR section 5.1, Table 2).
 */
public sealed interface ContrastiveLoss permits NtXent, NtLogistic, MarginTriplet {
  /** The loss that the flags ask for. */
  static ContrastiveLoss of(RunConfig config) {
    ContrastiveTask task = config.contrastiveTask();
    float temperature = (float) config.temperature();
    boolean normalize = config.hiddenNorm();
    boolean oneView = task.oneViewNegatives();
    return switch (task.contrastiveLoss()) {
      case NT_XENT -> new NtXent(temperature, normalize, oneView);
      case NT_LOGISTIC -> new NtLogistic(temperature, normalize, oneView, task.semiHardNegatives());
      case MARGIN_TRIPLET ->
          new MarginTriplet(
              (float) task.margin(), temperature, normalize, oneView, task.semiHardNegatives());
    };
  }

  /**
   * What a loss yields.
   *
   * @param loss scalar, the mean over images of the sum over both views
   * @param logits shape (n, N): first views against all second views
   * @param labels shape (n,): the column of each first view's partner
   * @param accuracy scalar, the share of first views whose partner is the nearest of all second
   *     views; other first views do not compete, so it is higher than a choice among 2N - 1
   * @param entropy scalar, of the softmax of {@code logits}, in nats, mean over rows
   */
  record Result(
      Operand<TFloat32> loss,
      Operand<TFloat32> logits,
      Operand<TInt32> labels,
      Operand<TFloat32> accuracy,
      Operand<TFloat32> entropy) {}

  /**
   * Builds the loss.
   *
   * @param z shape (2n, d): the first views of this replica's n images, then the second views
   */
  Result build(Ops scope, Replicas replicas, Operand<TFloat32> z);

  /**
   * The loss of an encoder that maps all images to one point; empty where it depends on which.
   *
   * @param batch N, the images of a step over all replicas
   */
  OptionalDouble collapseLevel(int batch);
}
