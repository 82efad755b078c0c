package simclr.data.image;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the images of a split are like, counted from their headers. */
public final class ImageCensus {
  private final Map<ImageHeader.Format, Long> formats = new EnumMap<>(ImageHeader.Format.class);
  private final Map<ImageSizes.Size, Long> sizes = new LinkedHashMap<>();
  private int smallestSide = Integer.MAX_VALUE;
  private long grey;
  private long deep;
  private long cmyk;
  private long turned;

  /** Counts an image. */
  public void add(ImageHeader header) {
    formats.merge(header.format(), 1L, Long::sum);
    sizes.merge(new ImageSizes.Size(header.width(), header.height()), 1L, Long::sum);
    turned += header.turned() ? 1 : 0;
    smallestSide = Math.min(smallestSide, header.smallestSide());
    grey += header.grey() ? 1 : 0;
    deep += header.bits() > 8 ? 1 : 0;
    cmyk += header.format() == ImageHeader.Format.JPEG && header.channels() == 4 ? 1 : 0;
  }

  /** What was counted, each a phrase: {@code smallest side 32 px}. */
  public ImmutableList<String> facts() {
    ImmutableList.Builder<String> facts = ImmutableList.builder();
    if (formats.size() == 1) {
      formats.keySet().forEach(format -> facts.add(format.toString()));
    } else {
      formats.forEach((format, count) -> facts.add(count + " " + format));
    }
    facts.add("smallest side " + smallestSide + " px");
    if (grey > 0) {
      facts.add(grey + " grey (used as RGB)");
    }
    if (deep > 0) {
      facts.add(deep + " of 16 bits (used with their high 8)");
    }
    if (cmyk > 0) {
      facts.add(cmyk + " CMYK (converted to RGB)");
    }
    if (turned > 0) {
      facts.add(turned + " with an EXIF orientation (ignored, as in the reference)");
    }
    return facts.build();
  }

  /** The sizes of the images counted so far. */
  public ImageSizes sizes() {
    return new ImageSizes(ImmutableMap.copyOf(sizes));
  }
}
