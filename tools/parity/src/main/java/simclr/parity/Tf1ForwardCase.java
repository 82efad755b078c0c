package simclr.parity;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import simclr.config.RunConfig;
import simclr.model.VariableSpec;

/**
 * Files {@code tf1-names-forward-*}: activations of the TF1 model, every variable filled under its
 * TF1 name. The file beside it that it names says which model that is.
 */
final class Tf1ForwardCase implements GoldenCase {
  private static final String KERNEL_RULE =
      "float32(sqrt(3/fan_in)), fan_in = product of all kernel dimensions but the last";

  /** How a leaf is filled; kernels have a scale of their own each. */
  private record LeafFill(float offset, float scale, boolean byFanIn) {}

  @Override
  public void check(Fields file, Checks checks) {
    String arch = file.text("arch");
    Fields names = GoldenFile.open(file.sibling(file.text("names"))).fields();
    if (!names.text("arch").equals(arch)) {
      throw file.error("names is of %s, expected %s", names.text("arch"), arch);
    }
    Fields settings = names.object("config");
    int numClasses = settings.count("num_classes");
    Fields given = file.object("images");
    Shape shape = given.shape("shape");
    float[] pixels = Fill.uniform(given.text("name"), shape.size());
    given.done();
    RunConfig config =
        Tf1NamesCase.config(settings); // the size of the images is free once the stem is chosen
    Map<String, LeafFill> fills = fills(file.object("fill"));
    Fields endpoints = file.object("endpoints");
    try (ForwardPasses model = new ForwardPasses(config, numClasses, shape)) {
      model.fill(spec -> values(file, spec, fills));
      if (endpoints.has("inference")) {
        compare(checks, "inference", model.infer(pixels), endpoints.object("inference"));
      }
      if (endpoints.has("training")) {
        compare(checks, "training", model.train(pixels), endpoints.object("training"));
      }
    }
    endpoints.done();
  }

  private static Map<String, LeafFill> fills(Fields fields) {
    Map<String, LeafFill> fills = new LinkedHashMap<>();
    for (String leaf : fields.names()) {
      Fields fill = fields.object(leaf);
      boolean byFanIn = fill.any("scale").isTextual();
      if (byFanIn) {
        fill.rule("scale", KERNEL_RULE);
      }
      float scale = byFanIn ? Float.NaN : fill.number32("scale");
      fills.put(leaf, new LeafFill(fill.number32("offset"), scale, byFanIn));
      fill.done();
    }
    return fills;
  }

  private static float[] values(Fields file, VariableSpec spec, Map<String, LeafFill> fills) {
    LeafFill fill = fills.get(spec.kind().attribute());
    if (fill == null) {
      throw file.error(
          "fill has no \"%s\", which %s needs", spec.kind().attribute(), spec.tf1Name());
    }
    double fanIn = (double) spec.shape().size() / spec.shape().get(-1);
    float scale = fill.byFanIn() ? (float) Math.sqrt(3 / fanIn) : fill.scale();
    return new Fill(spec.tf1Name(), scale, fill.offset()).values(spec.shape().size());
  }

  /** The file holds fewer endpoints than the model has: the TF1 model's. */
  private static void compare(
      Checks checks, String group, Map<String, Values> found, Fields golden) {
    for (String name : golden.names()) {
      Fields want = golden.object(name);
      Values got = found.get(name);
      if (got == null) {
        throw golden.error("\"%s\" is not understood, expected one of %s", name, found.keySet());
      }
      Shape shape = want.shape("shape");
      double mean = want.number("mean");
      double meanOfAbsolutes = want.number("mean_abs");
      double tolerance = want.number("tolerance");
      List<Long> indices = want.integers("indices");
      List<Double> samples = want.numbers("samples");
      want.done();
      Comparison comparison =
          checks.of(group, name).equal("shape", got.shape().toString(), shape.toString());
      if (got.shape().equals(shape)) {
        comparison
            .close("mean", got.mean(), mean, tolerance)
            .close("mean of absolutes", got.meanOfAbsolutes(), meanOfAbsolutes, tolerance)
            .samples(
                got, indices.stream().mapToLong(Long::longValue).toArray(), samples, tolerance);
      }
    }
    golden.done();
  }
}
