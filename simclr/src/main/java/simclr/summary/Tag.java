package simclr.summary;

/**
 * The scalar tags of the reference, in the order in which it writes them, and a few of our own; a
 * dashboard made for it shows our runs.
 */
public enum Tag {
  /** The L2 term of the loss. */
  WEIGHT_DECAY("train/weight_decay"),
  /** Everything that is minimised, before it is divided among replicas. */
  TOTAL_LOSS("train/total_loss"),
  CONTRAST_LOSS("train/contrast_loss"),
  /** Share of first views whose nearest second view is their own partner. */
  CONTRAST_ACC("train/contrast_acc"),
  /** Entropy in nats of the softmax over second views. */
  CONTRAST_ENTROPY("train/contrast_entropy"),
  SUPERVISED_LOSS("train/supervised_loss"),
  /** Share of training views that the classifier gets right. */
  SUPERVISED_ACC("train/supervised_acc"),
  /** Cross entropy of a student to its teacher's answers; not the reference's. */
  DISTILL_LOSS("train/distill_loss"),
  /** Share of training views to which student and teacher give the same class. */
  DISTILL_AGREEMENT("train/distill_agreement"),
  /** Rate of the step that follows the logged one, as in the reference. */
  LEARNING_RATE("learning_rate"),
  REGULARIZATION_LOSS("eval/regularization_loss"),
  LABEL_TOP_1_ACCURACY("eval/label_top_1_accuracy"),
  LABEL_TOP_5_ACCURACY("eval/label_top_5_accuracy"),
  /**
   * Share of the evaluation split that its nearest training images name right; not the reference's.
   */
  KNN_TOP_1("eval/knn_top_1");

  private final String text;

  Tag(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
