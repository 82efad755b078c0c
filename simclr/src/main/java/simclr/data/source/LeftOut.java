package simclr.data.source;

import com.google.common.base.Ascii;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Files of a folder that are not read.
 *
 * @param images of kinds that the decoder does not know, by kind
 * @param others files that are not images, and hidden ones; a hidden folder counts as one
 */
record LeftOut(ImmutableSortedMap<String, Long> images, long others) {
  private static final ImmutableMap<String, String> KINDS =
      ImmutableMap.<String, String>builder()
          .put("webp", "WebP")
          .put("tif", "TIFF")
          .put("tiff", "TIFF")
          .put("heic", "HEIC")
          .put("heif", "HEIC")
          .put("avif", "AVIF")
          .put("jp2", "JPEG 2000")
          .put("jxl", "JPEG XL")
          .put("psd", "PSD")
          .put("ppm", "PPM")
          .put("pgm", "PGM")
          .buildOrThrow();

  static final LeftOut NOTHING = new LeftOut(ImmutableSortedMap.of(), 0);

  /** Something hidden or of no kind of image. */
  static final LeftOut OTHER = new LeftOut(ImmutableSortedMap.of(), 1);

  /** One file, by the extension of its name. */
  static LeftOut file(String name) {
    String extension = Ascii.toLowerCase(name.substring(name.lastIndexOf('.') + 1));
    String kind = KINDS.get(extension);
    return kind == null ? OTHER : new LeftOut(ImmutableSortedMap.of(kind, 1L), 0);
  }

  LeftOut plus(LeftOut more) {
    if (more.images.isEmpty()) {
      return new LeftOut(images, others + more.others);
    }
    Map<String, Long> sum = new TreeMap<>(images);
    more.images.forEach((kind, count) -> sum.merge(kind, count, Long::sum));
    return new LeftOut(ImmutableSortedMap.copyOf(sum), others + more.others);
  }

  /** Phrases for the user; none where nothing was left out. */
  ImmutableList<String> facts() {
    ImmutableList.Builder<String> facts = ImmutableList.builder();
    if (others > 0) {
      facts.add(others + (others == 1 ? " other file left out" : " other files left out"));
    }
    if (!images.isEmpty()) {
      facts.add(
          images.entrySet().stream()
              .map(kind -> kind.getValue() + " " + kind.getKey())
              .collect(Collectors.joining(", ", "left out: ", "; convert them to PNG or JPEG")));
    }
    return facts.build();
  }
}
