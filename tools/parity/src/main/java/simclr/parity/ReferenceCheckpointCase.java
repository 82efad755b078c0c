package simclr.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.RunConfig;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;
import simclr.model.VariableSpec;

/**
 * Files {@code expected.json} beside an archived model directory of the reference: what its
 * checkpoints hold, and what the product computes once it has restored one.
 */
final class ReferenceCheckpointCase implements GoldenCase {
  /** A tensor of the checkpoint: a fill with a period, and a few of its numbers. */
  private record Digest(
      String path, Shape shape, Fill fill, long period, double l2, List<Double> samples) {

    static Digest read(String where, JsonNode row) {
      List<Double> samples = new ArrayList<>();
      for (int i = 6; i < row.size(); i++) {
        samples.add(Fields.numberOf(where, row.get(i)));
      }
      String path = Fields.textOf(where, Fields.cell(where, row, row.size(), 0));
      return new Digest(
          path,
          Fields.shapeOf(where, row.path(1)),
          new Fill(
              path,
              (float) Fields.numberOf(where, row.path(2)),
              (float) Fields.numberOf(where, row.path(3))),
          Fields.integerOf(where, row.path(4)),
          Fields.numberOf(where, row.path(5)),
          List.copyOf(samples));
    }
  }

  @Override
  public void check(Fields file, Checks checks) {
    file.texts("noise_paths");
    RunConfig config = file.runConfig("flags", Map.of());
    int numClasses = file.count("num_classes");
    List<Digest> digests = file.list("digest", Digest::read);
    try (Unpacked archive = Unpacked.of(file.sibling(file.text("archive")))) {
      CheckpointFile last =
          CheckpointFile.open(
              archive.directory().resolve("model_dir").resolve(file.text("checkpoint")));
      CheckpointFile earlier =
          CheckpointFile.open(archive.directory().resolve("model_dir").resolve("ckpt-4"));
      checkContent(checks, "ckpt", last, digests, file.object("other_keys"));
      checkContent(checks, "ckpt-4", earlier, digests, file.object("other_keys_of_ckpt_4"));
      checkInference(file, checks, config, numClasses, last);
      checkNextStep(file, checks, config, numClasses, last);
    }
  }

  /** Every tensor has the bits of its fill, and the counters their values. */
  private static void checkContent(
      Checks checks,
      String group,
      CheckpointFile checkpoint,
      List<Digest> digests,
      Fields counters) {
    for (Digest digest : digests) {
      Comparison comparison = checks.of(group + " tensors", digest.path());
      String key = CheckpointKeys.key(digest.path());
      if (checkpoint.find(key).isEmpty()) {
        comparison.equal("tensor", "absent", "present");
        continue;
      }
      Values got = read(checkpoint, key);
      comparison.equal("shape", got.shape().toString(), digest.shape().toString());
      Values filled =
          Values.floats(
              digest.shape(), digest.fill().values(digest.shape().size(), digest.period()));
      comparison.equal("same bits as the fill", got.sameAs(filled), true);
      // The file holds eight digits.
      comparison.close("l2", got.l2(), digest.l2(), 1e-7 * digest.l2());
      comparison.samples(got, Samples.positions(got.size(), 4), digest.samples(), 1e-7);
    }
    List<String> expected = new ArrayList<>();
    digests.forEach(digest -> expected.add(CheckpointKeys.key(digest.path())));
    for (String key : counters.names()) {
      JsonNode value = counters.any(key);
      expected.add(key);
      Comparison comparison = checks.of(group + " counters", key);
      comparison.equal("present", checkpoint.find(key).isPresent(), true);
      if (!value.isNull() && checkpoint.find(key).isPresent()) {
        comparison.equal("value", (long) read(checkpoint, key).at(0), Fields.integerOf(key, value));
      }
    }
    counters.done();
    if (expected.contains(CheckpointKeys.OBJECT_GRAPH)) {
      checks
          .of(group + " keys", "all")
          .equalLists(
              "key",
              checkpoint.tensors().stream().map(CheckpointFile.Entry::key).sorted().toList(),
              expected.stream().sorted().toList());
    }
  }

  private static Values read(CheckpointFile checkpoint, String key) {
    try (BundleTensors result = checkpoint.read(List.of(key))) {
      return Values.of(result.get(0));
    }
  }

  private static void checkInference(
      Fields file, Checks checks, RunConfig config, int numClasses, CheckpointFile checkpoint) {
    Fields given = file.object("images");
    Shape shape = given.shape("shape");
    float[] pixels = Fill.images(given.text("name"), given.text("gain"), shape);
    given.done();
    try (RestoredModel model = RestoredModel.open(ModelSpec.fed(config, numClasses), checkpoint);
        TFloat32 fed = OneOff.tensor(shape, pixels)) {
      Map<String, Values> found =
          OneOff.fetch(
              model.session().runner().feed(model.graph().batch().images(), fed),
              new LinkedHashMap<>(Endpoints.of(model.outputs(), config)));
      ArchitectureCase.checkEndpoints(checks, "inference", found, file.object("inference"));
    }
  }

  private static void checkNextStep(
      Fields file, Checks checks, RunConfig config, int numClasses, CheckpointFile checkpoint) {
    Fields next = file.object("next_step");
    long globalStep = next.integer("global_step_after");
    GoldenStep golden = GoldenStep.read(next);
    try (Steps run = new Steps(config, file.integer("num_examples"), numClasses, golden.shape())) {
      checkTrainable(file, checks, run.specs().trainable());
      run.restore(checkpoint);
      checks
          .of("global_step", "restored")
          .equal("global step", run.globalStep(), checkpoint.step());
      run.take(file, golden, 0, numClasses);
      new StepChecks(checks, run).check("next step", golden);
      checks
          .of("global_step", "after the next step")
          .equal("global step", run.globalStep(), globalStep);
    }
  }

  private static void checkTrainable(
      Fields file, Checks checks, ImmutableList<VariableSpec> specs) {
    checks
        .of("trainable_variables", "keys and names")
        .equalLists(
            "variable",
            specs.stream()
                .map(spec -> spec.checkpointKey() + " " + spec.kerasName() + ":0")
                .toList(),
            file.list(
                "trainable_variables",
                (where, row) ->
                    Fields.textOf(where, Fields.cell(where, row, 2, 0))
                        + " "
                        + Fields.textOf(where, row.get(1))));
  }
}
