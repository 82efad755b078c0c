package simclr.eval.published;

import java.util.Arrays;
import java.util.Comparator;

/**
 * How a representation or a classifier was evaluated.
 *
 * @param method the kind of evaluation
 * @param detail what else must be the same, such as the share of the labels; with it a method that
 *     is not among those named here
 */
public record Evaluation(Method method, String detail) implements Term {
  /** A linear classifier of which the source says no more. */
  static final Evaluation LINEAR = new Evaluation(Method.LINEAR, "");

  /** As the reference and the paper run it on ImageNet. */
  public static final Evaluation LINEAR_SGD = new Evaluation(Method.LINEAR_SGD, "");

  /** As the paper runs it for transfer. */
  public static final Evaluation LINEAR_LBFGS = new Evaluation(Method.LINEAR_LBFGS, "");

  /** A network trained with labels from the start. */
  public static final Evaluation SUPERVISED = new Evaluation(Method.SUPERVISED, "");

  /** Kinds of evaluation, with the words that stand for them. */
  public enum Method {
    LINEAR("linear"),
    LINEAR_SGD("linear, SGD with crop and flip"),
    LINEAR_LBFGS("linear, L-BFGS on fixed features"),
    LINEAR_SGD_FIXED("linear, SGD on fixed features"),
    LINEAR_ONLINE("linear, trained beside pretraining"),
    NEIGHBOURS("kNN"),
    FINE_TUNED("fine-tuned"),
    SUPERVISED("supervised from scratch"),
    DISTILLED("distilled"),
    OTHER("");

    private final String words;

    Method(String words) {
      this.words = words;
    }
  }

  /** A method without more to say. */
  public static Evaluation of(Method method) {
    return new Evaluation(method, "");
  }

  /** The whole network trained with a share of the labels. */
  public static Evaluation fineTuned(String percent) {
    return new Evaluation(Method.FINE_TUNED, " on " + percent + " % of the labels");
  }

  /** The same with more that must agree. */
  public Evaluation with(String more) {
    return new Evaluation(method, detail + more);
  }

  /** The evaluation that words stand for. */
  public static Evaluation parse(String words) {
    Method method =
        Arrays.stream(Method.values())
            .filter(each -> words.equals(each.words) || continues(words, each.words))
            .max(Comparator.comparingInt(each -> each.words.length()))
            .orElse(Method.OTHER);
    return new Evaluation(method, words.substring(method.words.length()));
  }

  private static boolean continues(String words, String begin) {
    return words.startsWith(begin)
        && (begin.isEmpty() || " ,".indexOf(words.charAt(begin.length())) >= 0);
  }

  @Override
  public String words() {
    return method.words + detail;
  }

  /** All linear classifiers are of one family, all neighbours, and so on. */
  @Override
  public String family() {
    return words().split("[, ]", 2)[0];
  }
}
