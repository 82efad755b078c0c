package simclr.eval;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * Limited-memory BFGS for smooth convex functions (Nocedal and Wright, Numerical Optimization,
 * algorithms 7.4 and 7.5), with a backtracking line search.
 */
final class Lbfgs {
  private static final int MEMORY = 10;
  private static final double SUFFICIENT_DECREASE = 1e-4;
  private static final double SMALLEST_STEP = 1e-10;

  private Lbfgs() {}

  /** What is minimised. */
  interface Objective {
    /** Returns the value and overwrites {@code gradient}. */
    double valueAndGradient(double[] at, double[] gradient);
  }

  /** Where the search ended, and how. */
  static final class Minimum {
    final double[] at;
    final double value;
    final double largestDerivative;
    final int iterations;

    Minimum(double[] at, double value, double largestDerivative, int iterations) {
      this.at = at;
      this.value = value;
      this.largestDerivative = largestDerivative;
      this.iterations = iterations;
    }
  }

  /** A step taken and how it changed the gradient. */
  private static final class Pair {
    final double[] step;
    final double[] change;
    final double curvature;

    Pair(double[] step, double[] change, double curvature) {
      this.step = step;
      this.change = change;
      this.curvature = curvature;
    }
  }

  /**
   * Searches until no derivative exceeds the tolerance, a step no longer lowers the value, or
   * {@code maxIterations} is reached.
   */
  static Minimum minimise(
      Objective objective, double[] start, int maxIterations, double tolerance) {
    double[] at = start.clone();
    double[] gradient = new double[at.length];
    double value = objective.valueAndGradient(at, gradient);
    Deque<Pair> memory = new ArrayDeque<>();
    int iteration = 0;
    for (; iteration < maxIterations && largest(gradient) > tolerance; iteration++) {
      double[] direction = direction(gradient, memory);
      double slope = dot(gradient, direction);
      double step = 1;
      double[] next = plus(at, step, direction);
      double[] nextGradient = new double[at.length];
      double nextValue = objective.valueAndGradient(next, nextGradient);
      while (!(nextValue <= value + SUFFICIENT_DECREASE * step * slope) && step > SMALLEST_STEP) {
        step /= 2;
        next = plus(at, step, direction);
        nextValue = objective.valueAndGradient(next, nextGradient);
      }
      if (!(nextValue < value)) {
        break; // Rounding hides what is left to gain.
      }
      remember(memory, plus(next, -1, at), plus(nextGradient, -1, gradient));
      at = next;
      gradient = nextGradient;
      value = nextValue;
    }
    return new Minimum(at, value, largest(gradient), iteration);
  }

  private static void remember(Deque<Pair> memory, double[] step, double[] change) {
    double curvature = dot(step, change);
    if (curvature <= 0) {
      return; // A backtracked step may show no curvature; the model must stay positive definite.
    }
    memory.addLast(new Pair(step, change, curvature));
    if (memory.size() > MEMORY) {
      memory.removeFirst();
    }
  }

  /** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
  private static double[] direction(double[] gradient, Deque<Pair> memory) {
    List<Pair> newestFirst = new ArrayList<>(memory);
    Collections.reverse(newestFirst);
    double[] q = gradient.clone();
    double[] alphas = new double[newestFirst.size()];
    for (int i = 0; i < alphas.length; i++) {
      Pair pair = newestFirst.get(i);
      alphas[i] = dot(pair.step, q) / pair.curvature;
      q = plus(q, -alphas[i], pair.change);
    }
    double scale = 1 / Math.max(Math.sqrt(dot(gradient, gradient)), 1);
    if (!newestFirst.isEmpty()) {
      Pair newest = newestFirst.get(0);
      scale = newest.curvature / dot(newest.change, newest.change);
    }
    for (int i = 0; i < q.length; i++) {
      q[i] *= scale;
    }
    for (int i = alphas.length - 1; i >= 0; i--) {
      Pair pair = newestFirst.get(i);
      double beta = dot(pair.change, q) / pair.curvature;
      q = plus(q, alphas[i] - beta, pair.step);
    }
    for (int i = 0; i < q.length; i++) {
      q[i] = -q[i];
    }
    return q;
  }

  private static double[] plus(double[] a, double factor, double[] b) {
    double[] sum = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + factor * b[i];
    }
    return sum;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
