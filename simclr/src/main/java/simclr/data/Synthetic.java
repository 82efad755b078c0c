package simclr.data;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.ImmutableLongArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Procedural images: a grating whose direction is the class, in colours, phase and pitch that are
 * not. A split is a function of its name, so every run sees the same images.
 */
public record Synthetic() implements DataSource {
  private static final int SIDE = 32;
  private static final int CLASSES = 10;
  private static final ImmutableMap<String, ImmutableList<Long>> SPLITS =
      ImmutableMap.of("train", ImmutableList.of(5000L), "test", ImmutableList.of(1000L));

  @Override
  public Split open(String split) {
    List<byte[]> images = new ArrayList<>();
    ImmutableLongArray.Builder labels = ImmutableLongArray.builder();
    for (SplitSlice slice : SplitSlice.parse(split, SPLITS)) {
      for (long i = slice.from(); i < slice.to(); i++) {
        images.add(image(slice.split(), i));
        labels.add(i % CLASSES);
      }
    }
    ImmutableList.Builder<String> names = ImmutableList.builder();
    for (int label = 0; label < CLASSES; label++) {
      names.add(label * 180 / CLASSES + " degrees");
    }
    return new Split(
        split,
        images.size(),
        names.build(),
        new Records.InMemory(images, labels.build(), new Encoding.Raw(SIDE, SIDE, false)),
        "synthetic",
        ImmutableList.of(SIDE + " x " + SIDE + " px"));
  }

  private static byte[] image(String split, long index) {
    Random random = new Random(split.hashCode() * 1_000_003L + index);
    double angle = Math.PI * (index % CLASSES) / CLASSES;
    double pitch = 0.6 + 0.6 * random.nextDouble();
    double phase = 2 * Math.PI * random.nextDouble();
    int[] dark = random.ints(3, 0, 256).toArray();
    int[] bright = random.ints(3, 0, 256).toArray();
    byte[] pixels = new byte[3 * SIDE * SIDE];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double along = x * Math.cos(angle) + y * Math.sin(angle);
        double mix = 0.5 + 0.5 * Math.sin(pitch * along + phase);
        for (int c = 0; c < 3; c++) {
          pixels[3 * (y * SIDE + x) + c] = (byte) Math.round(dark[c] + mix * (bright[c] - dark[c]));
        }
      }
    }
    return pixels;
  }
}
