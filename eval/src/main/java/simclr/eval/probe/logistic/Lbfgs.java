package simclr.eval.probe.logistic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * Limited-memory BFGS for smooth convex functions (Nocedal and Wright, Numerical Optimization,
 * algorithm 7.5) from a diagonal estimate of the Hessian.
 *
 * <p>The line search looks at slopes alone and accepts by the approximate Wolfe conditions (Hager
 * and Zhang, 2005): near the minimum, where a value of single precision no longer shows a decrease,
 * its slope still does. For a convex function a slope that is negative or small says that the value
 * fell.
 */
final class Lbfgs {
  private static final int MEMORY = 12;
  private static final double CURVATURE = 0.9;
  private static final double OVERSHOOT = 0.8;
  private static final int LONGEST_SEARCH = 25;

  /** So many steps without a decrease mean that rounding hides what is left to gain. */
  private static final int PATIENCE = 4;

  private Lbfgs() {}

  /** What is minimised. */
  interface Objective {
    /** Returns the value and overwrites {@code gradient}. */
    double valueAndGradient(double[] at, double[] gradient);

    /** Overwrites {@code diagonal} with positive estimates of the second derivatives there. */
    void curvature(double[] diagonal);

    /** Whether the minimum is near enough. */
    boolean reached(double value, double[] gradient);
  }

  /**
   * Where the search ended, and how: {@code reached} says whether the objective was content; if
   * not, rounding or the limit ended it.
   */
  static final class Minimum {
    final double[] at;
    final double value;
    final int iterations;
    final int evaluations;
    final boolean reached;

    Minimum(double[] at, double value, int iterations, int evaluations, boolean reached) {
      this.at = at;
      this.value = value;
      this.iterations = iterations;
      this.evaluations = evaluations;
      this.reached = reached;
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

  /** A point on the line. */
  private static final class Point {
    final double value;
    final double slope;
    final double[] at;
    final double[] gradient;

    Point(double value, double slope, double[] at, double[] gradient) {
      this.value = value;
      this.slope = slope;
      this.at = at;
      this.gradient = gradient;
    }
  }

  /** Searches from {@code start} for at most {@code maxIterations} steps. */
  static Minimum minimise(Objective objective, double[] start, int maxIterations) {
    return new Search(objective, start).run(maxIterations);
  }

  private static final class Search {
    private final Objective objective;
    private final double[] diagonal;
    private final Deque<Pair> memory = new ArrayDeque<>();
    private Point current;
    private int evaluations = 1;

    Search(Objective objective, double[] start) {
      this.objective = objective;
      this.diagonal = new double[start.length];
      double[] gradient = new double[start.length];
      double value = objective.valueAndGradient(start, gradient);
      this.current = new Point(value, 0, start.clone(), gradient);
    }

    Minimum run(int maxIterations) {
      int iteration = 0;
      int idle = 0;
      Point best = current;
      boolean reached = objective.reached(current.value, current.gradient);
      while (!reached && iteration < maxIterations && idle < PATIENCE) {
        objective.curvature(diagonal);
        double[] direction = direction();
        double slope = dot(current.gradient, direction);
        if (!(slope < 0)) {
          if (memory.isEmpty()) {
            break; // The gradient is zero.
          }
          memory.clear();
          continue;
        }
        Point next = search(direction, slope);
        remember(next);
        current = next;
        iteration++;
        idle = next.value < best.value - 1e-12 * Math.abs(best.value) ? 0 : idle + 1;
        if (next.value <= best.value) {
          best = next;
        }
        reached = objective.reached(current.value, current.gradient);
      }
      Point end = reached ? current : best;
      return new Minimum(end.at, end.value, iteration, evaluations, reached);
    }

    /** Finds a point whose slope is a small part of the first one, by bracketing and secants. */
    private Point search(double[] direction, double slope) {
      double low = 0;
      double lowSlope = slope;
      double high = Double.POSITIVE_INFINITY;
      double highSlope = Double.NaN;
      double step = 1;
      Point found = evaluate(direction, step);
      for (int i = 0; i < LONGEST_SEARCH; i++) {
        boolean finite = Double.isFinite(found.value) && Double.isFinite(found.slope);
        if (finite && found.slope >= CURVATURE * slope && found.slope <= -OVERSHOOT * slope) {
          return found;
        }
        if (finite && found.slope < 0) {
          low = step;
          lowSlope = found.slope;
        } else {
          high = step;
          highSlope = finite ? found.slope : Double.NaN;
        }
        step = next(low, lowSlope, high, highSlope);
        found = evaluate(direction, step);
      }
      return found;
    }

    private static double next(double low, double lowSlope, double high, double highSlope) {
      if (Double.isInfinite(high)) {
        return low * 4;
      }
      double middle = (low + high) / 2;
      if (Double.isNaN(highSlope)) {
        return low + (high - low) / 10;
      }
      double secant = low - lowSlope * (high - low) / (highSlope - lowSlope);
      // A secant that hugs an end of the bracket shrinks it too slowly.
      double margin = 0.05 * (high - low);
      return secant > low + margin && secant < high - margin ? secant : middle;
    }

    private Point evaluate(double[] direction, double step) {
      double[] at = current.at.clone();
      addTo(at, step, direction);
      double[] gradient = new double[at.length];
      double value = objective.valueAndGradient(at, gradient);
      evaluations++;
      return new Point(value, dot(gradient, direction), at, gradient);
    }

    private void remember(Point next) {
      double[] step = next.at.clone();
      addTo(step, -1, current.at);
      double[] change = next.gradient.clone();
      addTo(change, -1, current.gradient);
      double curvature = dot(step, change);
      if (curvature <= 1e-14 * Math.sqrt(dot(step, step) * dot(change, change))) {
        return; // Rounding may show none; the model must stay positive definite.
      }
      memory.addLast(new Pair(step, change, curvature));
      if (memory.size() > MEMORY) {
        memory.removeFirst();
      }
    }

    /** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
    private double[] direction() {
      List<Pair> newestFirst = new ArrayList<>(memory);
      Collections.reverse(newestFirst);
      double[] q = current.gradient.clone();
      double[] alphas = new double[newestFirst.size()];
      for (int i = 0; i < alphas.length; i++) {
        Pair pair = newestFirst.get(i);
        alphas[i] = dot(pair.step, q) / pair.curvature;
        addTo(q, -alphas[i], pair.change);
      }
      double scale = newestFirst.isEmpty() ? 1 : scale(newestFirst.get(0));
      for (int i = 0; i < q.length; i++) {
        q[i] *= scale / diagonal[i];
      }
      for (int i = alphas.length - 1; i >= 0; i--) {
        Pair pair = newestFirst.get(i);
        double beta = dot(pair.change, q) / pair.curvature;
        addTo(q, alphas[i] - beta, pair.step);
      }
      for (int i = 0; i < q.length; i++) {
        q[i] = -q[i];
      }
      return q;
    }

    /** Brings the diagonal to the curvature that the last step met. */
    private double scale(Pair newest) {
      double sum = 0;
      for (int i = 0; i < diagonal.length; i++) {
        sum += newest.change[i] * newest.change[i] / diagonal[i];
      }
      return newest.curvature / sum;
    }
  }

  private static void addTo(double[] sum, double factor, double[] b) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += factor * b[i];
    }
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
