package simclr.eval.published;

import com.google.common.collect.ImmutableMap;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * Under what settings a result came about.
 *
 * @param terms by setting; one that is missing is not known
 */
public record Conditions(ImmutableMap<Setting, Term> terms) {

  /** Nothing is known yet. */
  public static Conditions none() {
    return new Conditions(ImmutableMap.of());
  }

  /** The same with a setting known. */
  public Conditions with(Setting setting, Term term) {
    Map<Setting, Term> changed = new EnumMap<>(Setting.class);
    changed.putAll(terms);
    changed.put(setting, term);
    return new Conditions(ImmutableMap.copyOf(changed));
  }

  /** The same with a setting as words have it; empty ones leave it unknown. */
  Conditions with(Setting setting, String words) {
    return words.isEmpty() ? this : with(setting, setting.parse(words));
  }

  /** The value, if it is known. */
  Optional<Term> term(Setting setting) {
    return Optional.ofNullable(terms.get(setting));
  }

  /** The value in words, if it is known. */
  public Optional<String> value(Setting setting) {
    return term(setting).map(Term::words);
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
      reason(setting, term(setting), published.term(setting))
          .ifPresent(sentence -> found.put(setting, sentence));
    }
    return found.buildOrThrow();
  }

  private static Optional<String> reason(
      Setting setting, Optional<Term> here, Optional<Term> there) {
    if (here.isEmpty()) {
      return Optional.of("the " + setting.label() + " is not known here");
    }
    if (there.isEmpty()) {
      return Optional.of("the " + setting.label() + " is not stated there");
    }
    Term ours = here.get();
    Term theirs = there.get();
    if (ours.matches(theirs)) {
      return Optional.empty();
    }
    String both = ours.words() + " here, " + theirs.words() + " there";
    return Optional.of(
        switch (setting) {
          case DATA -> "another data set: " + both;
          case ENCODER -> "another network: " + both;
          case EPOCHS ->
              ((Quantity) ours).value().compareTo(((Quantity) theirs).value()) < 0
                  ? "fewer epochs: " + both
                  : "more epochs: " + both;
          case BATCH -> "another batch: " + both;
          case SCALING -> "learning rate scaled otherwise: " + both;
          case AUGMENTATION -> "another augmentation: " + both;
          case EVALUATION ->
              theirs.equals(Evaluation.LINEAR) && ours.family().equals(theirs.family())
                  ? "how the linear classifier was trained is not stated there"
                  : "another evaluation: " + both;
        });
  }

  /** How far apart two results are, for choosing which published rows to show; 0 is comparable. */
  int distance(Conditions published) {
    int distance = 0;
    for (Setting setting : differences(published).keySet()) {
      distance += related(setting, published) ? (setting.weight() + 2) / 3 : setting.weight();
    }
    return distance;
  }

  /** Whether both are about one data set, of whatever size. */
  boolean aboutSameData(Conditions published) {
    return related(Setting.DATA, published);
  }

  private boolean related(Setting setting, Conditions published) {
    return term(setting).isPresent()
        && term(setting).map(Term::family).equals(published.term(setting).map(Term::family));
  }
}
