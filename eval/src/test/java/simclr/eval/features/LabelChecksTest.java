package simclr.eval.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.features.LabelledFeatures.Labels;
import simclr.eval.metrics.MultiLabels;

/** Labels are checked before anything is allocated for each class. */
final class LabelChecksTest {

  @ParameterizedTest
  @ValueSource(ints = {60, 2_000_000_000, Integer.MAX_VALUE})
  void aLabelBeyondTheNumberOfExamplesIsRefusedAtOnce(int label) {
    int[] labels = new int[60];
    labels[7] = label;

    assertThatThrownBy(() -> LabelChecks.classesOf(examples(Labels.of(labels), 60)))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessage(
            "y.npy has 60 examples of %s classes, expected at least one of each", label + 1L);
  }

  @Test
  void aMatrixOfLabelsShowsEachOfItsClassesBothWays() {
    boolean[][] wide = new boolean[2][1_000_000];
    wide[0][0] = true;

    assertThatThrownBy(() -> LabelChecks.classesOf(examples(Labels.of(MultiLabels.of(wide)), 2)))
        .isInstanceOf(UserException.class)
        .hasMessage(
            "y.npy has no example of class 1, expected at least one with and one without each of"
                + " the 1000000 classes");
    assertThat(LabelChecks.classesOf(examples(Labels.of(0, 1, 2, 1), 4))).isEqualTo(3);
  }

  private static LabelledFeatures examples(Labels labels, int rows) {
    return new LabelledFeatures(
        "y.npy", FeatureMatrix.of(new float[rows][1]), labels, new DataDigest("", "nothing"));
  }
}
