package simclr.eval.published;

import com.google.common.collect.ImmutableMap;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Under what settings a result came about, each in words that are equal when the settings are.
 *
 * @param values by setting; one that is missing is not known
 */
public record Conditions(ImmutableMap<Setting, String> values) {
  /** A linear classifier of which the source says no more. */
  static final String LINEAR = "linear";

  static final String LINEAR_SGD = "linear, SGD with crop and flip";
  static final String LINEAR_LBFGS = "linear, L-BFGS on fixed features";

  /** Nothing is known yet. */
  public static Conditions none() {
    return new Conditions(ImmutableMap.of());
  }

  /** The same with a setting known; a value that says nothing leaves it unknown. */
  public Conditions with(Setting setting, String value) {
    if (value.isBlank() || value.startsWith("not stated") || value.equals("any")) {
      return this;
    }
    Map<Setting, String> changed = new EnumMap<>(Setting.class);
    changed.putAll(values);
    changed.put(setting, value);
    return new Conditions(ImmutableMap.copyOf(changed));
  }

  /** The value in words, if it is known. */
  public Optional<String> value(Setting setting) {
    return Optional.ofNullable(values.get(setting));
  }

  /** An encoder in the words that are compared, such as {@code ResNet-50 2x SK}. */
  public static String encoder(int depth, int width, boolean selectiveKernels) {
    return String.format(
        Locale.ROOT, "ResNet-%d %dx%s", depth, width, selectiveKernels ? " SK" : "");
  }

  /** An encoder with the stem for small images, or with that for large ones. */
  public static String withStem(String encoder, boolean small) {
    return encoder + (small ? ", CIFAR stem" : ", ImageNet stem");
  }

  /** The views of pretraining in the words that are compared. */
  public static String augmentation(double colorStrength, boolean blur) {
    String strength = String.format(Locale.ROOT, "%.3f", colorStrength).replaceAll("\\.?0+$", "");
    return "crop, flip, colour " + strength + (blur ? ", blur" : ", no blur");
  }

  /** Linear evaluation as the reference and the paper run it on ImageNet. */
  public static String linearBySgd() {
    return LINEAR_SGD;
  }

  /** Linear evaluation as the paper runs it for transfer. */
  public static String linearByLbfgs() {
    return LINEAR_LBFGS;
  }

  /** The whole network trained with a share of the labels. */
  public static String fineTuned(String percent) {
    return "fine-tuned on " + percent + " % of the labels";
  }

  /** A network trained with labels from the start. */
  public static String supervised() {
    return "supervised from scratch";
  }

  /**
   * Why a result under these conditions is not comparable with a published one.
   *
   * @return a short sentence for each setting that differs or is not known; empty if all seven are
   *     the same
   */
  ImmutableMap<Setting, String> differences(Conditions published) {
    ImmutableMap.Builder<Setting, String> found = ImmutableMap.builder();
    for (Setting setting : Setting.values()) {
      reason(setting, value(setting), published.value(setting))
          .ifPresent(sentence -> found.put(setting, sentence));
    }
    return found.buildOrThrow();
  }

  private static Optional<String> reason(
      Setting setting, Optional<String> here, Optional<String> there) {
    if (here.isEmpty()) {
      return Optional.of("the " + setting.label() + " is not known here");
    }
    if (there.isEmpty()) {
      return Optional.of("the " + setting.label() + " is not stated there");
    }
    String ours = here.get();
    String theirs = there.get();
    if (same(setting, ours, theirs)) {
      return Optional.empty();
    }
    String both = ours + " here, " + theirs + " there";
    return Optional.of(
        switch (setting) {
          case DATA -> "another data set: " + both;
          case ENCODER -> "another network: " + both;
          case EPOCHS ->
              number(ours) < number(theirs)
                  ? "fewer epochs: " + both
                  : number(ours) > number(theirs) ? "more epochs: " + both : "epochs: " + both;
          case BATCH -> "another batch: " + both;
          case SCALING -> "learning rate scaled otherwise: " + both;
          case AUGMENTATION -> "another augmentation: " + both;
          case EVALUATION ->
              theirs.equals(LINEAR) && family(ours).equals(LINEAR)
                  ? "how the linear classifier was trained is not stated there"
                  : "another evaluation: " + both;
        });
  }

  /** Equal words; a stem that one side does not state is not held against the other. */
  private static boolean same(Setting setting, String ours, String theirs) {
    return ours.equals(theirs)
        || (setting == Setting.ENCODER
            && (!ours.contains(" stem") || !theirs.contains(" stem"))
            && withoutStem(ours).equals(withoutStem(theirs)));
  }

  private static String withoutStem(String encoder) {
    return encoder.replaceFirst(", \\w+ stem$", "");
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /** How far apart two results are, for choosing which published rows to show; 0 is comparable. */
  int distance(Conditions published) {
    int distance = 0;
    for (Setting setting : differences(published).keySet()) {
      boolean related =
          family(value(setting).orElse("?")).equals(family(published.value(setting).orElse("!")));
      distance += related ? (setting.weight() + 2) / 3 : setting.weight();
    }
    return distance;
  }

  /** Whether both are about one data set, of whatever size. */
  boolean aboutSameData(Conditions published) {
    return family(value(Setting.DATA).orElse("?"))
        .equals(family(published.value(Setting.DATA).orElse("!")));
  }

  /** {@code linear} of {@code linear, SGD ...}, {@code CIFAR-10} of {@code CIFAR-10, 5,000 ...}. */
  private static String family(String value) {
    return value.split("[, ]", 2)[0];
  }
}
