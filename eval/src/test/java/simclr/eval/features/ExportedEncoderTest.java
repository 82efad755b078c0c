package simclr.eval.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.eval.record.EncoderInfo.Kind;
import simclr.export.bundle.TimeLimits;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;
import simclr.train.run.Run;

/** A SavedModel as what is probed, beside the checkpoint that it was made of. */
@Tag("numeric")
final class ExportedEncoderTest {
  private static final ImmutableMap<String, String> DATA =
      ImmutableMap.of(
          "dataset", "synthetic:train=12,test=11,size=16",
          "eval_split", "test",
          "eval_batch_size", "4");
  private static final Reporter QUIET = Reporter.lines(line -> {});

  @TempDir static Path shared;
  private static Path run = Path.of("");
  private static Path export = Path.of("");

  @BeforeAll
  static void exportAStepOfTraining() {
    run = shared.resolve("run");
    Run.execute(
        RunConfig.of(DATA)
            .with(
                ImmutableMap.of(
                    "image_size", "16",
                    "resnet_depth", "18",
                    "use_blur", "false",
                    "train_batch_size", "4",
                    "train_steps", "1",
                    "warmup_epochs", "0",
                    "seed", "3",
                    "model_dir", run.toString())),
        QUIET);
    export =
        SavedModelExport.write(ExportSource.ofModelDir(run, line -> {}), shared.resolve("exports"));
  }

  @Test
  void itGivesTheRepresentationsOfItsCheckpoint() {
    try (EncoderFeatures exported = open(Kind.EXPORT, DATA, Optional.of(export));
        EncoderFeatures checkpoint =
            open(Kind.CHECKPOINT, ImmutableMap.of("model_dir", run.toString()), Optional.empty())) {
      assertThat(exported.layers()).contains(Layers.H, Layers.Z).isSubsetOf(checkpoint.layers());
      ImmutableList<String> layers = exported.layers();
      ImmutableList<FeatureSets> ours = exported.load(layers, QUIET, () -> false).orElseThrow();
      ImmutableList<FeatureSets> theirs = checkpoint.load(layers, QUIET, () -> false).orElseThrow();

      for (int i = 0; i < layers.size(); i++) {
        FeatureMatrix found = ours.get(i).test().matrix();
        FeatureMatrix wanted = theirs.get(i).test().matrix();
        assertThat(found.columns()).as(layers.get(i)).isEqualTo(wanted.columns());
        float[] a = new float[found.columns()];
        float[] b = new float[found.columns()];
        for (int row = 0; row < 11; row++) {
          found.copyRow(row, a, 0);
          wanted.copyRow(row, b, 0);
          assertThat(a).as(layers.get(i)).containsExactly(b, within(1e-4f));
        }
      }
      assertThat(ours.get(0).trust()).containsEntry("encoder_frozen", "verified");
      assertThat(ours.get(0).encoder().kind()).isEqualTo(Kind.EXPORT);
      assertThat(ours.get(0).encoder().sha256()).isNotNull();
    }
  }

  @Test
  void aDirectoryOfVersionsAndAnUnknownLayerAreAnswered() {
    try (EncoderFeatures newest = open(Kind.EXPORT, DATA, Optional.of(shared.resolve("exports")))) {
      assertThat(newest.layer(Optional.of("h"))).isEqualTo(Layers.H);
      assertThatThrownBy(() -> newest.layer(Optional.of("proj_head_9")))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("has no layer proj_head_9, expected one of ");
    }
  }

  private static EncoderFeatures open(
      Kind kind, ImmutableMap<String, String> given, Optional<Path> export) {
    return EncoderFeatures.open(
        new EncoderChoice(
            kind,
            given,
            export,
            Optional.empty(),
            Optional.empty(),
            Optional.of(shared.resolve(kind.name())),
            FeatureDtype.FLOAT32,
            TimeLimits.DEFAULT),
        QUIET);
  }
}
