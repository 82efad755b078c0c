package simclr.parity;

/** Which elements of a large tensor a golden file holds. */
final class Samples {
  private Samples() {}

  /**
   * Flat positions, one drawn from each of {@code count} equal stretches; all if there are no more.
   *
   * @param size number of elements of the tensor
   */
  static long[] positions(long size, int count) {
    long[] positions = new long[Math.toIntExact(Math.min(size, count))];
    long stretch = size <= count ? 1 : size / count;
    for (int i = 0; i < positions.length; i++) {
      long within = size <= count ? 0 : (Fill.splitmix64(i) >>> 33) % stretch;
      positions[i] = i * stretch + within;
    }
    return positions;
  }
}
