package simclr.eval.published;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import simclr.eval.metrics.ConfidenceInterval;

final class ComparisonTest {
  private static final Conditions IMAGENET_100 =
      Conditions.none()
          .with(Setting.DATA, "ImageNet")
          .with(Setting.ENCODER, "ResNet-50 1x, ImageNet stem")
          .with(Setting.EPOCHS, "100")
          .with(Setting.BATCH, "4096")
          .with(Setting.SCALING, "linear")
          .with(Setting.AUGMENTATION, Views.of(1, true))
          .with(Setting.EVALUATION, Evaluation.LINEAR_SGD);
  private static final Conditions CIFAR_README =
      IMAGENET_100
          .with(Setting.DATA, "CIFAR-10")
          .with(Setting.ENCODER, "ResNet-18 1x, CIFAR stem")
          .with(Setting.EPOCHS, "1000")
          .with(Setting.BATCH, "512")
          .with(Setting.AUGMENTATION, Views.of(0.5, false));

  @Test
  void sevenEqualSettingsGiveADifferenceAndAVerdict() {
    Comparison better =
        Comparison.of(measured(IMAGENET_100, 66.0, 65.6, 66.4), row("v1-r50-1x-100ep"));
    Comparison noise =
        Comparison.of(measured(IMAGENET_100, 64.3, 63.9, 64.7), row("v1-r50-1x-100ep"));

    assertThat(better.differing()).isEmpty();
    assertThat(better.difference().orElseThrow()).isEqualTo(1.5);
    assertThat(better.finding()).startsWith("Better than published");
    assertThat(noise.finding())
        .isEqualTo("No finding: the published value lies within our 95 % interval.");
  }

  @Test
  void eachSettingThatDiffersIsNamedAndLeavesTheDifferenceEmpty() {
    Conditions ours =
        CIFAR_README
            .with(Setting.ENCODER, "ResNet-50 1x, CIFAR stem")
            .with(Setting.EPOCHS, "4")
            .with(Setting.EVALUATION, "kNN k=200 cosine");

    Comparison comparison = Comparison.of(measured(ours, 60, 59, 61), row("reference-readme"));

    assertThat(comparison.difference()).isEmpty();
    assertThat(comparison.differing())
        .containsExactly(
            Map.entry(
                Setting.ENCODER,
                "another network: ResNet-50 1x, CIFAR stem here, ResNet-18 1x, CIFAR stem there"),
            Map.entry(Setting.EPOCHS, "fewer epochs: 4 here, 1000 there"),
            Map.entry(
                Setting.EVALUATION,
                "another evaluation: kNN k=200 cosine here, linear, SGD with crop and flip there"));
    assertThat(comparison.finding()).startsWith("No comparison: another network");
  }

  @Test
  void whatASourceDoesNotStateIsNoComparison() {
    Comparison comparison = Comparison.of(measured(CIFAR_README, 91, 90, 92), row("paper-best"));

    assertThat(comparison.differing())
        .containsEntry(
            Setting.EVALUATION, "how the linear classifier was trained is not stated there");
    assertThat(
            Comparison.of(measured(CIFAR_README, 91, 90, 92), row("dkobak/simclr-cifar10"))
                .differing())
        .containsEntry(Setting.AUGMENTATION, "the augmentation is not stated there");
    assertThat(
            Comparison.of(measured(Conditions.none(), 91, 90, 92), row("paper-best")).differing())
        .containsEntry(Setting.DATA, "the data set is not known here");
  }

  @Test
  void aRoundedValueGivesNoVerdict() {
    Comparison comparison =
        Comparison.of(measured(CIFAR_README, 91.4, 90.8, 92), row("reference-readme"));

    assertThat(comparison.difference().orElseThrow()).isBetween(0.39, 0.41);
    assertThat(comparison.finding()).contains("about 91", "is not conclusive");
  }

  @Test
  void aRowFromMemoryEntersNoVerdict() {
    PublishedResult memory = row("v1-r50-1x-100ep");
    PublishedResult marked =
        new PublishedResult(
            memory.table(),
            memory.origin(),
            memory.name(),
            memory.setting(),
            memory.conditions(),
            memory.metric(),
            memory.value(),
            "",
            memory.source(),
            Verified.MEMORY);

    Comparison comparison = Comparison.of(measured(IMAGENET_100, 70, 69, 71), marked);

    assertThat(comparison.difference()).isEmpty();
    assertThat(comparison.finding()).contains("from memory");
  }

  @Test
  void aSmallDifferenceOnCifarIsNoFinding() {
    Conditions ours = CIFAR_README.with(Setting.EVALUATION, "linear, reference code");
    PublishedResult user = row("reference-user-lr1.0");
    PublishedResult stated =
        new PublishedResult(
            user.table(),
            user.origin(),
            "user",
            "",
            ours,
            user.metric(),
            "92.65",
            "",
            user.source(),
            Verified.YES);

    assertThat(Comparison.of(measured(ours, 93.1, 92.9, 93.3), stated).finding())
        .startsWith("No finding: on CIFAR-10");
    assertThat(Comparison.of(measured(ours, 91.1, 90.9, 91.3), stated).finding())
        .startsWith("Worse than published");
  }

  @Test
  void theNearestRowsOfEachOriginAreShown() {
    List<Comparison> nearest = Comparison.nearest(measured(CIFAR_README, 91, 90, 92));

    assertThat(nearest).extracting(c -> c.published().origin()).contains(Origin.values());
    assertThat(nearest)
        .allSatisfy(
            c ->
                assertThat(c.published().conditions().value(Setting.DATA).orElseThrow())
                    .contains("CIFAR-10"));
    assertThat(
            Comparison.nearest(measured(CIFAR_README.with(Setting.DATA, "synthetic"), 91, 90, 92)))
        .hasSize(3)
        .allSatisfy(c -> assertThat(c.differing()).containsKey(Setting.DATA));
    assertThat(nearest)
        .filteredOn(c -> c.published().origin() == Origin.RELEASE)
        .first()
        .extracting(c -> c.published().name())
        .isEqualTo("reference-readme");
  }

  private static Measured measured(Conditions conditions, double top1, double low, double high) {
    return new Measured(
        conditions,
        ImmutableMap.of(PublishedResult.TOP_1, top1),
        Optional.of(new ConfidenceInterval(low, high)));
  }

  private static PublishedResult row(String name) {
    return PublishedTables.results().stream()
        .filter(row -> row.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
