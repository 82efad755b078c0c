package simclr.export.convert;

import com.google.common.collect.ImmutableMap;

/** What a model answers to the fixed images: values by output. */
record Forward(ImmutableMap<String, float[]> outputs) {

  /**
   * The largest difference over all outputs that both have, relative to the largest value of an
   * output where that is above 1. Infinite if one has an output of another size.
   */
  double differenceTo(Forward other) {
    double worst = 0;
    for (var output : outputs.entrySet()) {
      float[] theirs = other.outputs.get(output.getKey());
      if (theirs != null) {
        worst = Math.max(worst, difference(output.getValue(), theirs));
      }
    }
    return worst;
  }

  private static double difference(float[] a, float[] b) {
    if (a.length != b.length) {
      return Double.POSITIVE_INFINITY;
    }
    double scale = 1;
    double worst = 0;
    for (int i = 0; i < a.length; i++) {
      if (Float.floatToIntBits(a[i]) != Float.floatToIntBits(b[i])) {
        double apart = Math.abs((double) a[i] - b[i]);
        worst = Double.isNaN(apart) ? Double.POSITIVE_INFINITY : Math.max(worst, apart);
      }
      scale = Float.isFinite(a[i]) ? Math.max(scale, Math.abs(a[i])) : scale;
    }
    return worst / scale;
  }
}
