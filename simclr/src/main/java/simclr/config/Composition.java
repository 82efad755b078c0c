package simclr.config;

import com.google.common.base.Ascii;
import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableList;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import simclr.config.RunConfig.Flag;
import simclr.config.UserException.ExitCode;

/**
 * Views made by chosen transformations (SimCLR section 3.1, Figure 5) instead of the usual ones.
 */
public record Composition(
    @Flag(
            group = "Data",
            value = "",
            help =
                "One or several of crop, cutout, color, sobel, noise, blur, rotate, joined by +, in"
                    + " place of the usual views: both views begin as one random crop.")
        Optional<String> augmentation,
    @Flag(
            group = "Data",
            value = "one",
            help = "Whether --augmentation changes one view, as in the paper's Figure 5, or both.")
        Branch augmentBranch) {

  /** Which views are transformed. */
  public enum Branch {
    ONE,
    BOTH
  }

  /** What can be composed. */
  public enum Transformation {
    CROP,
    CUTOUT,
    COLOR,
    SOBEL,
    NOISE,
    BLUR,
    ROTATE
  }

  public Composition {
    transformations(augmentation);
  }

  /** In the order of application; empty for the usual views. */
  public ImmutableList<Transformation> transformations() {
    return transformations(augmentation);
  }

  private static ImmutableList<Transformation> transformations(Optional<String> augmentation) {
    ImmutableList.Builder<Transformation> list = ImmutableList.builder();
    augmentation.ifPresent(
        text -> Splitter.on('+').split(text).forEach(name -> list.add(named(name, text))));
    return list.build();
  }

  private static Transformation named(String name, String text) {
    return Arrays.stream(Transformation.values())
        .filter(each -> Ascii.toLowerCase(each.name()).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserException(
                    ExitCode.USAGE,
                    "--augmentation is \"%s\", expected one or several of %s, joined by +",
                    text,
                    Arrays.stream(Transformation.values())
                        .map(each -> Ascii.toLowerCase(each.name()))
                        .collect(Collectors.joining(", "))));
  }
}
