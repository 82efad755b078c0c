package simclr.eval.published;

import com.google.common.base.Splitter;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An encoder.
 *
 * @param depth of the ResNet
 * @param width its multiplier
 * @param selectiveKernels whether it has them
 * @param smallStem whether it has the stem for small images, as on CIFAR, or that for large ones;
 *     empty where that is not stated
 */
public record Network(int depth, int width, boolean selectiveKernels, Optional<Boolean> smallStem)
    implements Term {
  private static final Pattern WORDS =
      Pattern.compile("ResNet-(\\d+) (\\d+)x( SK)?(?:, (CIFAR|ImageNet) stem)?");

  static Network parse(String words) {
    Matcher matcher = WORDS.matcher(words);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "encoder is " + words + ", expected ResNet-50 1x or alike");
    }
    return new Network(
        Integer.parseInt(matcher.group(1)),
        Integer.parseInt(matcher.group(2)),
        matcher.group(3) != null,
        Optional.ofNullable(matcher.group(4)).map("CIFAR"::equals));
  }

  @Override
  public String words() {
    return String.format(
        Locale.ROOT,
        "ResNet-%d %dx%s%s",
        depth,
        width,
        selectiveKernels ? " SK" : "",
        smallStem.map(small -> small ? ", CIFAR stem" : ", ImageNet stem").orElse(""));
  }

  @Override
  public String family() {
    return Splitter.on(' ').splitToList(words()).get(0);
  }

  /** A stem that one side does not state is not held against the other. */
  @Override
  public boolean matches(Term other) {
    return other instanceof Network network
        && withStem(Optional.empty()).equals(network.withStem(Optional.empty()))
        && (smallStem.isEmpty()
            || network.smallStem.isEmpty()
            || smallStem.equals(network.smallStem));
  }

  private Network withStem(Optional<Boolean> stem) {
    return new Network(depth, width, selectiveKernels, stem);
  }
}
