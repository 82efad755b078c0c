package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static simclr.checkpoint.CheckpointKeys.OBJECT_GRAPH;
import static simclr.checkpoint.CheckpointKeys.key;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.checkpoint.Saver.Scope;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.train.graph.TrainingGraph;

/** A checkpoint that the reference's own {@code run.py} wrote, in and out again. */
@Tag("numeric")
final class ReferenceCheckpointTest {
  private static final Path REFERENCE =
      Path.of(System.getProperty("simclr.testdata", "testdata"), "reference");

  @TempDir static Path temp;

  private static CheckpointFile reference;
  private static JsonNode expected;

  @BeforeAll
  static void unpack() throws IOException, InterruptedException {
    unpack("tf2-model_dir.tar.xz", "model_dir/checkpoint", "model_dir/ckpt-8.*");
    unpack("reference-saved_model.tar.xz", "saved_model/8/*");
    expected = new JsonMapper().readTree(REFERENCE.resolve("expected.json").toFile());
    List<String> said = new ArrayList<>();
    reference = ModelDir.resolve(temp.resolve("model_dir").toString(), said::add);
    assertThat(said).containsExactly("--checkpoint: taking " + temp.resolve("model_dir/ckpt-8"));
  }

  private static void unpack(String archive, String... members)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("tar", "-xJf"));
    command.addAll(List.of(REFERENCE.resolve(archive).toString(), "-C", temp.toString()));
    command.add("--wildcards");
    command.addAll(List.of(members));
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"saved_model/8", "saved_model"})
  void theReferencesSavedModelHoldsWhatItsCheckpointDoes(String directory) {
    CheckpointFile savedModel = ModelDir.resolve(temp.resolve(directory).toString(), line -> {});
    List<String> model =
        reference.tensors().stream()
            .map(Entry::key)
            .filter(name -> name.startsWith("model/") && !name.contains(CheckpointKeys.SLOT))
            .toList();
    assertThat(model).hasSize(121);
    try (TrainingGraph graph = build(18)) {
      Saver saver = Saver.build(Ops.create(graph.graph()), graph.state());
      try (Session session = new Session(graph.graph());
          BundleTensors ofCheckpoint = reference.read(model);
          BundleTensors ofSavedModel = savedModel.read(model)) {
        graph.initialize(session);
        RestoreReport report = saver.restore(session, savedModel, Scope.MODEL_ONLY, false);
        assertThat(report.complete()).isTrue();
        assertThat(report.matched()).hasSize(121);
        saver.save(session, temp.resolve("ckpt-of-saved-model"));
        try (BundleTensors restored =
            CheckpointFile.open(temp.resolve("ckpt-of-saved-model")).read(model)) {
          for (int i = 0; i < model.size(); i++) {
            assertThat(ofSavedModel.get(i)).as(model.get(i)).isEqualTo(ofCheckpoint.get(i));
            assertThat(restored.get(i)).as(model.get(i)).isEqualTo(ofCheckpoint.get(i));
          }
        }
      }
    }
  }

  @Test
  void restoredValuesAreTheReferencesAndAreSavedUnderTheSameKeys() {
    try (TrainingGraph graph = build(18)) {
      RunState state = graph.state();
      Saver saver = Saver.build(Ops.create(graph.graph()), state);
      try (Session session = new Session(graph.graph())) {
        RestoreReport report = saver.restore(session, reference, Scope.ALL, false);
        assertThat(report.complete()).isTrue();
        assertThat(report.unused()).isEmpty();
        assertThat(report.matched()).hasSize(121 + 73 + 2);
        saver.save(session, temp.resolve("ckpt-8"));
      }
    }
    CheckpointFile saved = CheckpointFile.open(temp.resolve("ckpt-8"));
    assertThat(saved.tensors()).isEqualTo(reference.tensors());
    assertThat(names(saved)).isEqualTo(names(reference));
    assertThat(saved.step()).isEqualTo(8);
    JsonNode digest = expected.get("digest");
    assertThat(digest).hasSize(121 + 73);
    List<String> keys = new ArrayList<>();
    digest.forEach(row -> keys.add(key(row.get(0).asText())));
    try (BundleTensors values = saved.read(keys)) {
      for (int i = 0; i < digest.size(); i++) {
        assertFilled((TFloat32) values.get(i), digest.get(i));
      }
    }
  }

  @Test
  void aDeeperModelIsToldWhatTheFileHolds() {
    try (TrainingGraph graph = build(34)) {
      Saver saver = Saver.build(Ops.create(graph.graph()), graph.state());
      try (Session session = new Session(graph.graph())) {
        assertThatThrownBy(() -> saver.restore(session, reference, Scope.MODEL_ONLY, false))
            .hasMessageContaining(
                "ckpt-8 is of another model (ResNet-18, CIFAR stem, width 1, 3 projection layers"
                    + " (128), 10 classes; asked for is ResNet-34, CIFAR stem,")
            .hasMessageContaining("missing (first: model/resnet_model/block_groups/")
            .hasMessageContaining("--partial takes what fits");
      }
    }
  }

  private static TrainingGraph build(int depth) {
    Map<String, String> flags = new HashMap<>();
    expected.get("flags").properties().forEach(f -> flags.put(f.getKey(), f.getValue().asText()));
    flags.put("resnet_depth", Integer.toString(depth));
    RunConfig config = RunConfig.of(flags);
    return TrainingGraph.build(
        config,
        expected.get("num_examples").asLong(),
        expected.get("num_classes").asInt(),
        0,
        tf ->
            new Batch(
                tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(8, 32, 32, 6))),
                tf.placeholder(TInt64.class, Placeholder.shape(Shape.of(8)))));
  }

  /** Python's name of every variable, by key; shared numbering shows in them. */
  private static Map<String, String> names(CheckpointFile file) {
    assertThat(file.tensors()).extracting(Entry::key).contains(OBJECT_GRAPH);
    TrackableObjectGraph graph = file.objectGraph();
    Map<String, String> names = new TreeMap<>();
    graph
        .getNodesList()
        .forEach(
            node ->
                node.getAttributesList()
                    .forEach(a -> names.put(a.getCheckpointKey(), a.getFullName())));
    return names;
  }

  /** The fill of testdata/golden/README.md, under which the reference's values were replaced. */
  private static void assertFilled(TFloat32 tensor, JsonNode row) {
    String name = row.get(0).asText();
    float scale = (float) row.get(2).asDouble();
    float offset = (float) row.get(3).asDouble();
    int period = row.get(4).asInt();
    float[] wanted = new float[period];
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < period; i++) {
      float u = (splitMix((crc.getValue() << 32) + i) >>> 40) / 16777216f;
      wanted[i] = offset + scale * (2 * u - 1);
    }
    float[] got = new float[(int) tensor.size()];
    tensor.asRawTensor().data().asFloats().read(got);
    double squares = 0;
    for (int i = 0; i < got.length; i++) {
      if (got[i] != wanted[i % period]) {
        throw new AssertionError(
            String.format(
                Locale.ROOT, "%s[%d] is %s, expected %s", name, i, got[i], wanted[i % period]));
      }
      squares += (double) got[i] * got[i];
    }
    double l2 = row.get(5).asDouble();
    assertThat(Math.sqrt(squares)).as(name).isBetween(l2 * (1 - 1e-6), l2 * (1 + 1e-6));
  }

  private static long splitMix(long z) {
    z += 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
