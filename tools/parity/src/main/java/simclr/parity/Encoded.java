package simclr.parity;

import java.util.List;
import org.tensorflow.ndarray.Shape;

/**
 * A quantity as the files of single operations write it: dtype, shape, and either all numbers or
 * samples with statistics; floating-point numbers within one tolerance, others exactly.
 */
final class Encoded {
  private Encoded() {}

  /** Compares {@code got} with the quantity {@code name} of a case's {@code outputs}. */
  static void check(Comparison comparison, Fields outputs, String name, Values got) {
    Fields want = outputs.object(name);
    String dtype = want.text("dtype");
    boolean exact = dtype.equals("int64") || dtype.equals("bool");
    if (!exact && !dtype.equals("float32")) {
      throw want.error("dtype is %s, expected float32, int64 or bool", dtype);
    }
    comparison.equal("type", got.floating() ? "floats" : "integers", exact ? "integers" : "floats");
    Shape shape = want.shape("shape");
    comparison.equal("shape", got.shape().toString(), shape.toString());
    double tolerance = exact ? 0 : want.number("tol");
    want.ifAny("noise", want::number); // already part of the tolerance
    if (got.shape().equals(shape)) {
      compare(comparison, want, got, exact, tolerance);
    } else {
      want.names().forEach(want::any);
    }
    want.done();
  }

  private static void compare(
      Comparison comparison, Fields want, Values got, boolean exact, double tolerance) {
    if (want.has("values")) {
      comparison.samples(got, all(got), want.numbers("values"), tolerance);
      return;
    }
    List<Long> positions = want.integers("sample_index");
    for (long position : positions) {
      if (position < 0 || position >= got.size()) {
        throw want.error("sample_index has %s, expected 0 to %s", position, got.size() - 1);
      }
    }
    long[] at = positions.stream().mapToLong(Long::longValue).toArray();
    comparison.samples(got, at, want.numbers("sample"), tolerance);
    comparison.close("min", got.stream().min().orElseThrow(), want.number("min"), tolerance);
    comparison.close("max", got.stream().max().orElseThrow(), want.number("max"), tolerance);
    if (exact) {
      comparison.close("sum", got.sum(), want.number("sum"), 0);
    } else {
      comparison.close("mean", got.mean(), want.number("mean"), tolerance);
      comparison.close("l2", got.l2(), want.number("l2"), tolerance * Math.sqrt(got.size()));
    }
  }

  private static long[] all(Values values) {
    return Samples.positions(values.size(), values.size());
  }
}
