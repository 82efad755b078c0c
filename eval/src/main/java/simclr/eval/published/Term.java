package simclr.eval.published;

/**
 * The value of a {@link Setting}. Two terms are the same where they are equal; {@code words} show
 * one, and {@link Setting#parse} reads them again.
 */
public sealed interface Term permits TrainingData, Network, Quantity, Scaling, Views, Evaluation {
  String words();

  /** What is alike in terms that differ in detail, such as all linear evaluations. */
  default String family() {
    return words();
  }

  /** Whether nothing that both state differs. */
  default boolean matches(Term other) {
    return equals(other);
  }
}
