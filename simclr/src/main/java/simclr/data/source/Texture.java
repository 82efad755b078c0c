package simclr.data.source;

import java.util.Locale;

/**
 * The ten patterns of {@link Synthetic}, one for each class.
 *
 * <p>Each is a signed distance in a plane with a period of about 1: negative inside the figure. The
 * views that training draws are flipped, scaled and cut, so no pattern is the mirror image or the
 * magnification of another, and a cut-out of two periods shows which it is.
 */
enum Texture {
  STRIPES {
    @Override
    double distance(double u, double v) {
      return toLine(u) - 0.25;
    }
  },
  ZIGZAG {
    @Override
    double distance(double u, double v) {
      return (toLine(u + 1.1 * toLine(0.7 * v)) - 0.25) * 0.8;
    }
  },
  GRID {
    @Override
    double distance(double u, double v) {
      return Math.min(toLine(u), toLine(v)) - 0.1;
    }
  },
  BRICKS {
    @Override
    double distance(double u, double v) {
      double row = 1.4 * v;
      double shifted = 0.7 * u + (((long) Math.floor(row) & 1) == 0 ? 0 : 0.5);
      return Math.min(toLine(row) / 1.4, toLine(shifted) / 0.7) - 0.1;
    }
  },
  CHECKS {
    @Override
    double distance(double u, double v) {
      double a = u - Math.rint(u);
      double b = v - Math.rint(v);
      double edge = Math.min(toEdge(a), toEdge(b));
      return a * b > 0 ? -edge : edge;
    }

    private static double toEdge(double a) {
      return Math.min(Math.abs(a), 0.5 - Math.abs(a));
    }
  },
  DOTS {
    @Override
    double distance(double u, double v) {
      double a = toLine(0.8 * u);
      double b = toLine(0.8 * v);
      return (Math.min(Math.hypot(a, b), Math.hypot(0.5 - a, 0.5 - b)) - 0.23) / 0.8;
    }
  },
  RINGS {
    @Override
    double distance(double u, double v) {
      return Math.abs(Math.hypot(toLine(0.8 * u), toLine(0.8 * v)) - 0.31) / 0.8 - 0.11;
    }
  },
  CROSSES {
    @Override
    double distance(double u, double v) {
      double a = toLine(0.8 * u);
      double b = toLine(0.8 * v);
      return Math.min(Math.max(a - 0.34, b - 0.11), Math.max(a - 0.11, b - 0.34)) / 0.8;
    }
  },
  TRIANGLES {
    @Override
    double distance(double u, double v) {
      double first = toLine(0.5 * u + HALF_SQRT3 * v);
      double second = toLine(0.5 * u - HALF_SQRT3 * v);
      return Math.min(toLine(u), Math.min(first, second)) - 0.09;
    }
  },
  BLOBS {
    @Override
    double distance(double u, double v) {
      // Waves whose periods have no common multiple: no two places look alike.
      double sum =
          StrictMath.sin(4.1 * u + 2 * StrictMath.sin(1.7 * v))
              + StrictMath.sin(4.7 * v + 2 * StrictMath.sin(1.3 * u + 1))
              + StrictMath.sin(3.3 * (u + v) + 1.5 * StrictMath.sin(2.3 * (u - v)));
      return sum * 0.13 + 0.04;
    }
  };

  private static final double HALF_SQRT3 = Math.sqrt(3) / 2;

  /** Signed distance of a point from the outline of the figure. */
  abstract double distance(double u, double v);

  /** What the class is called in label lists. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Distance from the nearest of the lines at whole numbers, at most 0.5. */
  private static double toLine(double u) {
    return Math.abs(u - Math.rint(u));
  }
}
