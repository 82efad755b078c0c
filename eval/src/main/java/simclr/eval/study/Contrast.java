package simclr.eval.study;

/**
 * Two runs, or two layers of one, whose difference the paper reports.
 *
 * @param first from which the second is taken
 * @param published setting of the published row that holds the difference
 */
record Contrast(Side first, Side second, String published) {

  /**
   * One of the two.
   *
   * @param run its name
   * @param layer that was evaluated, under the study's name for it
   */
  record Side(String run, String layer) {}

  /** As a table calls it; layers are named where they differ. */
  String words() {
    boolean layers = !first.layer().equals(second.layer());
    return words(first, layers) + " minus " + words(second, layers);
  }

  private static String words(Side side, boolean layer) {
    return layer ? side.run() + " at " + side.layer() : side.run();
  }
}
