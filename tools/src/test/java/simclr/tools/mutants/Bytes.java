package simclr.tools.mutants;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Changes bytes of any format: flips, cuts, insertions, repeats, and lengths that are edited. */
public final class Bytes {
  /** Where counts, offsets and sizes overflow, and next to it. */
  private static final long[] EDGES = {
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    Short.MAX_VALUE,
    1 << 16,
    (1 << 26) + 1,
    (1L << 29) + 1,
    Integer.MAX_VALUE,
    1L << 31,
    (1L << 32) - 1,
    1L << 32,
    1L << 40,
    (1L << 61) + 1,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private Bytes() {}

  /** A changed copy; now and then it is changed several times. */
  public static byte[] mutate(byte[] whole, SplittableRandom random) {
    byte[] mutant = once(whole, random);
    while (random.nextInt(4) == 0) {
      mutant = once(mutant, random);
    }
    return mutant;
  }

  static long edge(SplittableRandom random) {
    return random.nextInt(4) == 0 ? random.nextLong() : EDGES[random.nextInt(EDGES.length)];
  }

  private static byte[] once(byte[] bytes, SplittableRandom random) {
    if (bytes.length == 0) {
      return some(1 + random.nextInt(20), random);
    }
    int at = random.nextInt(bytes.length);
    int length = Math.min(bytes.length - at, 1 + random.nextInt(1 << random.nextInt(12)));
    byte[] chunk = Arrays.copyOfRange(bytes, at, at + length);
    return switch (random.nextInt(9)) {
      case 0, 1 -> flipped(bytes, random);
      case 2 -> Arrays.copyOf(bytes, at);
      case 3 -> spliced(bytes, at, 0, some(length, random));
      case 4 -> spliced(bytes, at, length, new byte[0]);
      case 5 -> spliced(bytes, at, 0, chunk);
      case 6 -> spliced(bytes, at, length, some(length, random));
      case 7 -> spliced(bytes, at, 0, repeated(chunk, 2 + random.nextInt(1 << random.nextInt(8))));
      default -> withNumber(bytes, at, random);
    };
  }

  private static byte[] flipped(byte[] bytes, SplittableRandom random) {
    byte[] flipped = bytes.clone();
    for (int i = 0; i < 1 + random.nextInt(8); i++) {
      flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return flipped;
  }

  private static byte[] withNumber(byte[] bytes, int at, SplittableRandom random) {
    byte[] number =
        ByteBuffer.allocate(Long.BYTES)
            .order(random.nextBoolean() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN)
            .putLong(edge(random))
            .array();
    byte[] changed = bytes.clone();
    int width = Math.min(bytes.length - at, 1 << random.nextInt(4));
    System.arraycopy(number, random.nextBoolean() ? 0 : Long.BYTES - width, changed, at, width);
    return changed;
  }

  private static byte[] some(int length, SplittableRandom random) {
    byte[] some = new byte[length];
    if (random.nextBoolean()) {
      random.nextBytes(some);
    } else {
      Arrays.fill(some, (byte) random.nextInt(256));
    }
    return some;
  }

  private static byte[] repeated(byte[] chunk, int times) {
    byte[] repeated = new byte[chunk.length * times];
    for (int i = 0; i < times; i++) {
      System.arraycopy(chunk, 0, repeated, i * chunk.length, chunk.length);
    }
    return repeated;
  }

  /** Puts bytes in the place of others. */
  static byte[] spliced(byte[] bytes, int at, int removed, byte[] inserted) {
    byte[] spliced = Arrays.copyOf(bytes, bytes.length - removed + inserted.length);
    System.arraycopy(inserted, 0, spliced, at, inserted.length);
    System.arraycopy(
        bytes, at + removed, spliced, at + inserted.length, bytes.length - at - removed);
    return spliced;
  }
}
