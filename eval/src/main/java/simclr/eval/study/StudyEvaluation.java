package simclr.eval.study;

import com.google.common.base.Ascii;
import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.probe.Protocol;
import simclr.eval.probe.knn.Knn;
import simclr.eval.probe.logistic.Logreg;
import simclr.eval.probe.sgd.LinearSgd;

/** The protocol by which all runs of a study are compared. */
enum StudyEvaluation {
  /** Logistic regression with one fixed penalty on standardised features: quick, and convex. */
  PROBE("logistic regression on frozen features, standardised, l2 = 0.01"),
  /** As the paper's transfer experiments. */
  LOGREG("logistic regression on frozen features, l2 chosen among 45 values"),
  /** As the paper's linear evaluation, without augmentation. */
  LINEAR("linear classifier on frozen features, by SGD"),
  KNN("weighted nearest neighbours among frozen features, by cosine");

  private final String words;

  StudyEvaluation(String words) {
    this.words = words;
  }

  static StudyEvaluation of(String name) {
    return Arrays.stream(values())
        .filter(each -> Ascii.toLowerCase(each.name()).equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new UserException(
                    ExitCode.USAGE,
                    "evaluation of a study is \"%s\", expected one of %s",
                    name,
                    Arrays.stream(values())
                        .map(each -> Ascii.toLowerCase(each.name()))
                        .collect(Collectors.joining(", "))));
  }

  Protocol protocol() {
    return switch (this) {
      case PROBE -> new Logreg(OptionalDouble.of(1e-2), 45, 1e-6, 1e5, true, 0.2, 1000, 1e-6, 1e-5);
      case LOGREG -> Logreg.standard();
      case LINEAR -> LinearSgd.standard();
      case KNN -> Knn.standard();
    };
  }

  /** How it is called in tables. */
  String words() {
    return words;
  }
}
