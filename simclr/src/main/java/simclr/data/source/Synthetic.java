package simclr.data.source;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableLongArray;
import com.google.common.primitives.Ints;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Split;

/**
 * Procedural images for trying things without a download: ten classes, each a kind of texture
 * scattered over the image. What colour, where, how large and at which angle tells nothing, so
 * pixels and colours do not give the class away while the views that training draws keep it.
 *
 * <p>An image is a function of seed, split name and index, so every run and every machine sees the
 * same ones, and a slice of a split or a larger split holds the same images at the same places.
 *
 * @param train examples of the split {@code train}
 * @param test examples of the split {@code test}
 * @param size side of an image in pixels
 * @param seed chooses another set of images
 */
public record Synthetic(int train, int test, int size, int seed) implements DataSource {
  private static final String NAME = "synthetic";
  private static final int SMALLEST_SIZE = 16;
  private static final int LARGEST_SIZE = 512;
  private static final int MOST_EXAMPLES = 1_000_000;

  private static final ImmutableList<Texture> TEXTURES = ImmutableList.copyOf(Texture.values());

  /** 4,000 + 1,000 images of 32 pixels. */
  public static final Synthetic STANDARD = new Synthetic(4000, 1000, 32, 0);

  /** Ten classes, by label. */
  public static final ImmutableList<String> LABELS =
      TEXTURES.stream().map(Texture::label).collect(toImmutableList());

  /** Checks the ranges. */
  public Synthetic {
    check("train", train, 1, MOST_EXAMPLES);
    check("test", test, 1, MOST_EXAMPLES);
    check("size", size, SMALLEST_SIZE, LARGEST_SIZE);
    check("seed", seed, 0, Integer.MAX_VALUE);
  }

  /** Whether a value of {@code --dataset} means this source. */
  static boolean isNamedBy(String dataset) {
    return dataset.equals(NAME) || dataset.startsWith(NAME + ":");
  }

  /**
   * Reads {@code synthetic} or, with any of the settings, {@code
   * synthetic:train=4000,test=1000,size=32,seed=0}.
   *
   * @throws UserException if a setting is unknown, given twice, or out of range
   */
  public static Synthetic of(String dataset) {
    Map<String, Integer> settings = new LinkedHashMap<>();
    settings.put("train", STANDARD.train);
    settings.put("test", STANDARD.test);
    settings.put("size", STANDARD.size);
    settings.put("seed", STANDARD.seed);
    if (!dataset.equals(NAME)) {
      Map<String, Integer> given = new LinkedHashMap<>();
      for (String setting : Splitter.on(',').split(dataset.substring(NAME.length() + 1))) {
        List<String> sides = Splitter.on('=').splitToList(setting);
        Integer value = sides.size() == 2 ? Ints.tryParse(sides.get(1)) : null;
        if (value == null
            || !settings.containsKey(sides.get(0))
            || given.put(sides.get(0), value) != null) {
          throw new UserException(
              ExitCode.USAGE,
              "--dataset is \"%s\", expected synthetic or synthetic:train=N,test=N,size=N,seed=N",
              dataset);
        }
      }
      settings.putAll(given);
    }
    return new Synthetic(
        settings.get("train"), settings.get("test"), settings.get("size"), settings.get("seed"));
  }

  @Override
  public Split open(String split) {
    ImmutableMap<String, ImmutableList<Long>> splits =
        ImmutableMap.of(
            "train", ImmutableList.of((long) train), "test", ImmutableList.of((long) test));
    ImmutableList.Builder<byte[]> images = ImmutableList.builder();
    ImmutableLongArray.Builder labels = ImmutableLongArray.builder();
    for (SplitSlice slice : SplitSlice.parse(split, splits)) {
      int from = Math.toIntExact(slice.from());
      int to = Math.toIntExact(slice.to());
      images.addAll(paint(slice.split(), from, to));
      IntStream.range(from, to).forEach(i -> labels.add(label(i)));
    }
    ImmutableLongArray allLabels = labels.build();
    return new Split(
        split,
        allLabels.length(),
        LABELS,
        new Records.InMemory(images.build(), allLabels, new Encoding.Raw(size, size, false)),
        NAME,
        ImmutableList.of(size + " x " + size + " px", "seed " + seed));
  }

  /** Nothing that is painted can be broken. */
  @Override
  public Examined examine(String split) {
    Split painted = open(split);
    return new Examined(painted.examples(), Optional.of(painted), ImmutableList.of());
  }

  private List<byte[]> paint(String split, int from, int to) {
    byte[][] images = new byte[to - from][];
    ThreadLocal<SyntheticPainter> painter =
        ThreadLocal.withInitial(() -> new SyntheticPainter(size));
    IntStream.range(from, to)
        .parallel()
        .forEach(
            i -> images[i - from] = painter.get().paint(TEXTURES.get(label(i)), key(split, i)));
    return Arrays.asList(images);
  }

  /** Classes take turns, so that every slice of ten has one of each. */
  private static int label(int index) {
    return index % TEXTURES.size();
  }

  /** Seed, split and index lie in bits of their own, so no two images share a key. */
  private long key(String split, int index) {
    long fold = split.equals("train") ? 0 : 1;
    return ((long) seed << 32) | (fold << 31) | index;
  }

  private static void check(String setting, int value, int least, int most) {
    if (value < least || value > most) {
      throw new UserException(
          ExitCode.USAGE,
          "%s of --dataset=synthetic is %s, expected %s to %s",
          setting,
          value,
          least,
          most);
    }
  }
}
