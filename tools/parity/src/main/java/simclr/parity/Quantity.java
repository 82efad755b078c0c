package simclr.parity;

/**
 * The verdict on one quantity of a golden file: a loss, a gradient, a list of keys.
 *
 * @param group what is shown in one line: quantities of the same sort
 * @param name which of the group, e.g. a variable or the title of a case
 * @param numbers how many numbers (or texts) were compared
 * @param error of the number that comes closest to its tolerance or exceeds it most; infinite where
 *     a text or a NaN differs
 * @param tolerance of that number; 0 where it must be equal
 * @param holds whether every number is within its tolerance
 * @param worst which number that was, with both values
 */
record Quantity(
    String group,
    String name,
    long numbers,
    double error,
    double tolerance,
    boolean holds,
    String worst) {

  /** Error in units of the tolerance; above 1 it fails. */
  double strain() {
    return strain(error, tolerance);
  }

  static double strain(double error, double tolerance) {
    return error == 0 ? 0 : error / tolerance;
  }
}
