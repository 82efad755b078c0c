package simclr.eval.study;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import simclr.eval.metrics.Accuracy;
import simclr.eval.report.HeatMap;

final class CompositionMatrixTest {
  @Test
  void firstTransformationIsTheRowAndASingleOneLiesOnTheDiagonal() {
    HeatMap matrix = matrix("crop", "crop+color", "rotate+crop").orElseThrow();

    assertThat(matrix.rowNames()).containsExactly("crop", "color", "rotate");
    assertThat(texts(matrix, 0)).containsExactly("10.0", "20.0", "");
    assertThat(texts(matrix, 1)).containsExactly("", "", "");
    assertThat(texts(matrix, 2)).containsExactly("30.0", "", "");
    assertThat(matrix.cells().get(0).get(0).marked()).isTrue();
    assertThat(matrix.cells().get(2).get(0).shade()).isEqualTo(1);
    assertThat(matrix.cells().get(0).get(0).shade()).isEqualTo(0);
    assertThat(matrix.html()).contains("crop then color: 20.0 %", "rotate then color: not run");
  }

  @Test
  void otherStudiesHaveNoMatrix() {
    assertThat(matrix("crop", "")).isEmpty();
    assertThat(matrix("crop+color+blur")).isEmpty();
  }

  private static List<String> texts(HeatMap matrix, int row) {
    return matrix.cells().get(row).stream().map(HeatMap.Cell::text).toList();
  }

  /** Of runs that got 10 %, 20 %, 30 % right. */
  private static Optional<HeatMap> matrix(String... augmentations) {
    ImmutableList<PlannedRun> runs =
        Stream.of(augmentations)
            .map(
                each ->
                    new PlannedRun(
                        "run " + each,
                        each.isEmpty()
                            ? ImmutableMap.of()
                            : ImmutableMap.of("augmentation", each, "use_blur", "false"),
                        Optional.empty()))
            .collect(ImmutableList.toImmutableList());
    Study study =
        new Study(
            "a study",
            Optional.empty(),
            StudyEvaluation.PROBE,
            ImmutableList.of("h"),
            runs,
            ImmutableList.of());
    return CompositionMatrix.of(
        study,
        IntStream.range(0, runs.size())
            .mapToObj(
                i ->
                    new StudyRow(
                        runs.get(i).name(),
                        ImmutableMap.of("h", new Accuracy(10L * (i + 1), 100)),
                        10,
                        Optional.empty(),
                        Optional.empty(),
                        PublishedRow.of(study, runs.get(i))))
            .toList());
  }
}
