package simclr.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.Saver;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.data.records.Split;
import simclr.data.source.DataSource;

/** A ResNet-18 whose checkpoint has no supervised head. */
@Tag("numeric")
final class RestoredModelTest {
  private static final int CLASSES = 10;

  @TempDir Path dir;
  private CheckpointFile checkpoint;

  @BeforeEach
  void writeCheckpoint() {
    try (RestoredModel model = RestoredModel.initial(ModelSpec.fed(config("1"), 0))) {
      Saver.build(model.tf(), model.graph().state()).save(model.session(), dir.resolve("ckpt-0"));
    }
    checkpoint = CheckpointFile.open(dir.resolve("ckpt-0"));
  }

  @Test
  void answersAsTheModelThatTheCheckpointIsOf() {
    try (RestoredModel original = RestoredModel.initial(ModelSpec.fed(config("1"), 0));
        RestoredModel restored = RestoredModel.open(ModelSpec.fed(config("2"), 0), checkpoint);
        RestoredModel other = RestoredModel.initial(ModelSpec.fed(config("2"), 0))) {
      assertThat(h(restored)).isDeepEqualTo(h(original));
      assertThat(h(restored)[0]).isNotEqualTo(h(other)[0]);
    }
  }

  @Test
  void withPartialWhatTheCheckpointLacksStartsAsTrainingWould() {
    RunConfig partial = config("2").with(Map.of("partial", "true"));
    List<String> said = new ArrayList<>();
    Split images = split(partial);
    try (RestoredModel fresh = RestoredModel.initial(ModelSpec.fed(partial, CLASSES));
        RestoredModel restored =
            RestoredModel.open(ModelSpec.over(images, partial, CLASSES), checkpoint, said::add)) {
      assertThat(said).singleElement().asString().contains("2 missing");
      Operand<TFloat32> logits = restored.outputs().logits().orElseThrow();
      try (Result answers = restored.next(List.of(logits))) {
        assertThat(answers.get(0).shape()).isEqualTo(Shape.of(8, CLASSES));
      }
      assertThat(head(restored)).isDeepEqualTo(head(fresh));
    }
  }

  @Test
  void withoutPartialEveryVariableMustBeThere() {
    assertThatThrownBy(() -> RestoredModel.open(ModelSpec.fed(config("1"), CLASSES), checkpoint))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("2 missing (first: model/supervised_head/");
  }

  @Test
  void restoringBeginsAgainWithTheFirstBatch() {
    Split images = split(config("1"));
    try (RestoredModel model =
        RestoredModel.open(ModelSpec.over(images, config("1"), 0), checkpoint)) {
      long[] first = labels(model);
      long[] second = labels(model);
      model.restore(checkpoint);
      assertThat(labels(model)).isEqualTo(first).isNotEqualTo(second);
    }
  }

  private static RunConfig config(String seed) {
    Map<String, String> flags = new HashMap<>();
    flags.put("resnet_depth", "18");
    flags.put("image_size", "16");
    flags.put("dataset", "synthetic");
    flags.put("eval_batch_size", "8");
    flags.put("seed", seed);
    return RunConfig.of(flags);
  }

  private static Split split(RunConfig config) {
    return DataSource.of(config).open("test");
  }

  private static float[][] h(RestoredModel model) {
    float[] pixels = new float[2 * 16 * 16 * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = i % 97 / 97f;
    }
    try (TFloat32 images = TFloat32.tensorOf(Shape.of(2, 16, 16, 3), DataBuffers.of(pixels));
        Result answers = model.run(images, List.of(model.outputs().endpoints().finalAvgPool()))) {
      return StdArrays.array2dCopyOf((TFloat32) answers.get(0));
    }
  }

  private static long[] labels(RestoredModel model) {
    try (Result answers = model.next(List.of(model.graph().batch().labels()))) {
      return StdArrays.array1dCopyOf((TInt64) answers.get(0));
    }
  }

  private static float[][] head(RestoredModel model) {
    Operand<TFloat32> kernel =
        model
            .variables()
            .find("model/supervised_head/linear_layer/dense/kernel")
            .orElseThrow()
            .value();
    try (Result read = model.session().runner().fetch(kernel).run()) {
      return StdArrays.array2dCopyOf((TFloat32) read.get(0));
    }
  }
}
