package simclr.eval.probe;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.eval.features.EncoderChoice;
import simclr.eval.features.EncoderFeatures;
import simclr.eval.features.FeatureDtype;
import simclr.eval.probe.knn.Knn;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.export.bundle.TimeLimits;
import simclr.summary.ScalarHistory;
import simclr.summary.Tag;
import simclr.train.run.Run;

/** What a pretraining says of its neighbours while it runs, beside {@code probe knn}. */
@org.junit.jupiter.api.Tag("numeric")
final class OnlineNeighboursTest {
  private static final Reporter QUIET = Reporter.lines(line -> {});

  @TempDir Path dir;

  @Test
  void theCurveHoldsWhatTheProbeMeasuresOfTheSameCheckpoint() {
    String run = dir.resolve("run").toString();
    Run.execute(
        RunConfig.of(
            ImmutableMap.<String, String>builder()
                .put("dataset", "synthetic:train=40,test=50,size=16")
                .put("eval_split", "test")
                .put("image_size", "16")
                .put("resnet_depth", "18")
                .put("use_blur", "false")
                .put("train_batch_size", "8")
                .put("eval_batch_size", "16")
                .put("train_epochs", "2")
                .put("warmup_epochs", "0")
                .put("online_knn_epochs", "1")
                .put("seed", "3")
                .put("model_dir", run)
                .buildOrThrow()),
        QUIET);
    Map<Long, Float> curve = ScalarHistory.of(Path.of(run)).curve(Tag.KNN_TOP_1);
    assertThat(curve).hasSizeGreaterThan(1);

    Knn sameSettings = new Knn(ImmutableList.of(20), Knn.Weighting.EXP, 0.1, 0.2);
    curve.forEach(
        (step, top1) ->
            assertThat((float) probe(sameSettings, run + "/ckpt-" + step))
                .as("step %s", step)
                .isEqualTo(top1));
  }

  private double probe(Knn protocol, String checkpoint) {
    EncoderChoice choice =
        new EncoderChoice(
            Kind.CHECKPOINT,
            ImmutableMap.of("checkpoint", checkpoint),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(dir.resolve("probe")),
            FeatureDtype.FLOAT32,
            TimeLimits.DEFAULT);
    try (EncoderFeatures features = EncoderFeatures.open(choice, QUIET)) {
      return new ProbeRun(features, protocol, ImmutableList.of(1L), Optional.empty())
          .one(Optional.empty(), QUIET, () -> false)
          .orElseThrow()
          .top1()
          .value();
    }
  }
}
