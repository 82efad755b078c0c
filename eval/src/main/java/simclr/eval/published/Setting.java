package simclr.eval.published;

import java.util.function.Function;

/**
 * What must be the same before two accuracies are a comparison; in the order in which they are
 * shown.
 */
public enum Setting {
  DATA("data set", 8, TrainingData::parse),
  ENCODER("encoder", 4, Network::parse),
  EPOCHS("number of epochs", 2, Quantity::parse),
  BATCH("batch size", 1, Quantity::parse),
  SCALING("learning-rate scaling", 1, Scaling::parse),
  AUGMENTATION("augmentation", 1, Views::parse),
  EVALUATION("evaluation", 4, Evaluation::parse);

  private final String label;
  private final int weight;
  private final Function<String, Term> parser;

  Setting(String label, int weight, Function<String, Term> parser) {
    this.label = label;
    this.weight = weight;
    this.parser = parser;
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
    return parser.apply(words);
  }
}
