package simclr.eval.published;

/**
 * What must be the same before two accuracies are a comparison; in the order in which they are
 * shown.
 */
public enum Setting {
  DATA("data set", 8),
  ENCODER("encoder", 4),
  EPOCHS("number of epochs", 2),
  BATCH("batch size", 1),
  SCALING("learning-rate scaling", 1),
  AUGMENTATION("augmentation", 1),
  EVALUATION("evaluation", 4);

  private final String label;
  private final int weight;

  Setting(String label, int weight) {
    this.label = label;
    this.weight = weight;
  }

  public String label() {
    return label;
  }

  /** How far apart two results are that differ in it, beside the others. */
  int weight() {
    return weight;
  }

  /**
   * The value that words stand for.
   *
   * @throws IllegalArgumentException if they stand for none
   */
  Term parse(String words) {
    return switch (this) {
      case DATA -> TrainingData.parse(words);
      case ENCODER -> Network.parse(words);
      case EPOCHS, BATCH -> Quantity.parse(words);
      case SCALING -> Scaling.parse(words);
      case AUGMENTATION -> Views.parse(words);
      case EVALUATION -> Evaluation.parse(words);
    };
  }
}
