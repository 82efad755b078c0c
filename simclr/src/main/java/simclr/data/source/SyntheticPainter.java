package simclr.data.source;

/**
 * Draws one image of {@link Synthetic}.
 *
 * <p>A smooth field of random colours, some strokes of clutter, and over all of it a pattern at a
 * random place, slant and pitch, as often lighter as darker than what lies below it, in colours
 * that change from place to place; then noise. The pattern raises the brightness of the image as
 * much as it lowers it. So neither the mean colour nor any pixel depends on the class, and no
 * linear function of the pixels tells it: what two crops of an image share, whatever their colours,
 * is the pattern.
 *
 * <p>Only arithmetic that Java defines to the last bit is used, so an image is the same bytes on
 * every machine.
 */
final class SyntheticPainter {
  /** Pixels between the points at which a field of colours is drawn. */
  private static final int CELL = 8;

  /** Largest slant of a pattern, in radians. */
  private static final double TILT = 0.35;

  private final int size;
  private final float[] pixels;
  private final float[] tint;
  private final float[] cover;

  SyntheticPainter(int size) {
    this.size = size;
    this.pixels = new float[3 * size * size];
    this.tint = new float[3 * size * size];
    this.cover = new float[size * size];
  }

  /**
   * Returns the image of a key.
   *
   * @param texture what to draw, the class
   * @param key decides everything else
   * @return rows of RGB bytes
   */
  byte[] paint(Texture texture, long key) {
    Draws draws = new Draws(key);
    fillField(pixels, draws, 0.3, 0.7);
    fillField(tint, draws, -0.3, 0.3);
    int strokes = draws.below(3);
    for (int i = 0; i < strokes; i++) {
      paintStroke(draws);
    }
    paintTexture(texture, draws);
    return addNoise(draws);
  }

  /** Random colours at the points of a coarse grid, blended between them. */
  private void fillField(float[] field, Draws draws, double least, double most) {
    int points = size / CELL + 2;
    float[] colours = new float[points * points * 3];
    for (int i = 0; i < colours.length; i++) {
      colours[i] = (float) draws.between(least, most);
    }
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        float gridX = (x + 0.5f) / CELL;
        float gridY = (y + 0.5f) / CELL;
        int left = (int) gridX;
        int top = (int) gridY;
        float fx = gridX - left;
        float fy = gridY - top;
        for (int c = 0; c < 3; c++) {
          int at = (top * points + left) * 3 + c;
          int below = at + points * 3;
          float upper = colours[at] + fx * (colours[at + 3] - colours[at]);
          float lower = colours[below] + fx * (colours[below + 3] - colours[below]);
          field[(y * size + x) * 3 + c] = upper + fy * (lower - upper);
        }
      }
    }
  }

  private void paintStroke(Draws draws) {
    double angle = draws.between(0, 2 * Math.PI);
    double nx = StrictMath.cos(angle);
    double ny = StrictMath.sin(angle);
    double offset = nx * draws.between(0, size) + ny * draws.between(0, size);
    double halfWidth = draws.between(0.3, 0.6);
    for (int i = 0; i < cover.length; i++) {
      int x = i % size;
      int y = i / size;
      double distance = Math.abs(nx * (x + 0.5) + ny * (y + 0.5) - offset);
      cover[i] = coverage(distance - halfWidth);
    }
    add(step(draws, 0.1, 0.3), 0);
  }

  private void paintTexture(Texture texture, Draws draws) {
    double period = draws.between(6.5, 10);
    double angle = draws.between(-TILT, TILT);
    double cos = StrictMath.cos(angle) / period;
    double sin = StrictMath.sin(angle) / period;
    double phaseU = draws.between(0, 64);
    double phaseV = draws.between(0, 64);
    float mean = 0;
    for (int i = 0; i < cover.length; i++) {
      int x = i % size;
      int y = i / size;
      double u = cos * x + sin * y + phaseU;
      double v = cos * y - sin * x + phaseV;
      cover[i] = coverage(texture.distance(u, v) * period);
      mean += cover[i] / cover.length;
    }
    add(step(draws, 0.3, 0.5), mean);
  }

  /** Part of a pixel that a figure covers whose outline lies at that distance, in pixels. */
  private static float coverage(double distance) {
    return (float) Math.min(Math.max(0.5 - distance, 0), 1);
  }

  /** How much brighter or, as often, darker. */
  private static float step(Draws draws, double least, double most) {
    return (float) (draws.between(least, most) * (draws.below(2) == 0 ? 1 : -1));
  }

  /**
   * Changes the covered pixels by a tinted step.
   *
   * @param level coverage that stays as it is; what is covered less changes the other way, so that
   *     with the mean coverage the brightness of the image stays
   */
  private void add(float step, float level) {
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] += (cover[i / 3] - level) * (step + tint[i]);
    }
  }

  private byte[] addNoise(Draws draws) {
    double amount = draws.between(0.01, 0.05);
    byte[] image = new byte[pixels.length];
    for (int i = 0; i < image.length; i++) {
      double value = pixels[i] + amount * draws.bell();
      image[i] = (byte) Math.round(255 * Math.min(Math.max(value, 0), 1));
    }
    return image;
  }

  /** SplitMix64 (Steele, Lea and Flood 2014), whose numbers no library version can change. */
  private static final class Draws {
    private long state;

    Draws(long key) {
      state = mix(key);
    }

    private long next() {
      state += 0x9E3779B97F4A7C15L;
      return mix(state);
    }

    private static long mix(long bits) {
      long z = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      return z ^ (z >>> 31);
    }

    double between(double low, double high) {
      return low + (high - low) * ((next() >>> 11) * 0x1p-53);
    }

    int below(int bound) {
      return (int) ((next() >>> 33) % bound);
    }

    /** Mean 0, deviation 1, nearly normal: the sum of the four 16-bit parts of one draw. */
    double bell() {
      long bits = next();
      long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
      return (sum * 0x1p-16 - 2) * SQRT3;
    }

    private static final double SQRT3 = Math.sqrt(3);
  }
}
