package simclr.parity;

import static com.google.common.base.Preconditions.checkArgument;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.tensorflow.ndarray.Shape;

/**
 * The deterministic numbers that golden files name instead of listing: a counter-based generator
 * (splitmix64), seeded with the CRC-32 of a name, so that every language yields the same bits.
 *
 * <p>A fill holds {@code fl(offset + fl(scale * (2u - 1)))} for u uniform in [0, 1) with 24 bits,
 * where fl rounds to float32.
 *
 * @param name seeds the generator
 * @param scale half the width of the range
 * @param offset the middle of the range
 */
record Fill(String name, float scale, float offset) {
  private static final float UNIT = 1f / (1 << 24);

  /** The first {@code count} elements, row-major. */
  float[] values(long count) {
    return values(count, count);
  }

  /** The same with a period: element i is that of {@code i mod period}. */
  float[] values(long count, long period) {
    checkArgument(period > 0 || count == 0, "period is %s, expected 1 or more", period);
    long seed = seed(name);
    float[] values = new float[Math.toIntExact(count)];
    int distinct = Math.toIntExact(Math.min(period, count));
    for (int i = 0; i < distinct; i++) {
      values[i] = offset + scale * (2 * unit(seed + i) - 1);
    }
    for (int i = distinct; i < values.length; i++) {
      values[i] = values[i - distinct];
    }
    return values;
  }

  /** The next 64-bit number behind the state {@code z}. */
  static long splitmix64(long z) {
    long x = z + 0x9E3779B97F4A7C15L;
    x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
    x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
    return x ^ (x >>> 31);
  }

  /** CRC-32 of the UTF-8 name in the upper half, so that counters of two names do not meet. */
  static long seed(String name) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    return crc.getValue() << 32;
  }

  /** Uniform in [0, 1), exact in float32. */
  static float[] uniform(String name, long count) {
    long seed = seed(name);
    float[] values = new float[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = unit(seed + i);
    }
    return values;
  }

  /** Class indices in [0, classes). */
  static long[] labels(String name, int count, int classes) {
    long seed = seed(name);
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = (splitmix64(seed + i) >>> 33) % classes;
    }
    return labels;
  }

  /**
   * Images in which every image and channel has a brightness of its own, so that batch statistics
   * are well conditioned.
   *
   * @param shape (n, height, width, channels)
   */
  static float[] images(String name, String gainName, Shape shape) {
    int channels = Math.toIntExact(shape.get(-1));
    float[] gains = uniform(gainName, shape.get(0) * channels);
    for (int i = 0; i < gains.length; i++) {
      gains[i] = 0.25f + 0.75f * gains[i];
    }
    float[] values = uniform(name, shape.size());
    int image = values.length / Math.toIntExact(shape.get(0));
    for (int i = 0; i < values.length; i++) {
      values[i] *= gains[i / image * channels + i % channels];
    }
    return values;
  }

  private static float unit(long state) {
    return (splitmix64(state) >>> 40) * UNIT;
  }
}
