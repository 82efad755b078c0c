package simclr.parity;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Floats;
import com.google.common.primitives.Ints;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.types.family.TType;
import simclr.data.augment.Augmentation;
import simclr.data.augment.Crop;
import simclr.graph.GraphOps;

/** A whole training view of files {@code augment-train}, with every random choice given. */
record TrainingView(InputImage input, int size, float strength, Choices choices) {

  /** Colour factors and order are absent where they are not applied. */
  private record Choices(
      ImmutableList<Integer> box,
      boolean flip,
      boolean jitter,
      boolean gray,
      ImmutableList<Float> factors,
      ImmutableList<Integer> order) {}

  static TrainingView read(Fields golden, Checks checks, InputImage input, Fields params) {
    checkCrop(golden, checks);
    boolean jitter = params.has("jitter") && params.flag("jitter");
    Choices choices =
        new Choices(
            ImmutableList.copyOf(Ints.asList(params.ints("box"))),
            params.flag("flip"),
            jitter,
            params.has("gray") && params.flag("gray"),
            jitter
                ? ImmutableList.of(
                    params.number32("brightness"),
                    params.number32("contrast"),
                    params.number32("saturation"),
                    params.number32("hue"))
                : ImmutableList.of(1f, 1f, 1f, 0f),
            jitter
                ? ImmutableList.copyOf(Ints.asList(params.ints("order")))
                : ImmutableList.of(0, 1, 2, 3));
    return new TrainingView(
        input, params.count("out_size"), params.number32("color_jitter_strength"), choices);
  }

  Map<String, Operand<? extends TType>> build(Ops tf) {
    Augmentation.View view =
        new Augmentation.View(
            tf.constant(choices.box().stream().mapToInt(Integer::intValue).toArray()),
            tf.constant(choices.flip()),
            tf.constant(choices.jitter()),
            tf.constant(Floats.toArray(choices.factors())),
            tf.constant(choices.order().stream().mapToInt(Integer::intValue).toArray()),
            tf.constant(choices.gray()));
    return Map.of("image", new Augmentation(size, strength).apply(tf, input.floats(tf), view));
  }

  /** The arguments of the op that draws boxes, as they stand in the graph that we build. */
  private static void checkCrop(Fields golden, Checks checks) {
    Fields arguments = golden.object("crop_arguments");
    NodeDef sampler;
    NodeDef covered;
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Crop.randomBox(tf, tf.array(1L, 2L), tf.array(8, 8, 3), 1f);
      List<NodeDef> nodes = graph.toGraphDef().getNodeList();
      sampler = only(nodes, node -> node.getOp().equals("StatelessSampleDistortedBoundingBox"));
      covered = only(nodes, node -> node.getName().equals(sampler.getInput(2)));
    }
    Comparison comparison = checks.of("crop_arguments", golden.title());
    comparison.close(
        "min_object_covered",
        covered.getAttrOrThrow("value").getTensor().getFloatVal(0),
        arguments.number("min_object_covered"),
        1e-7);
    compare(comparison, sampler, "aspect_ratio_range", arguments.numbers("aspect_ratio_range"));
    compare(comparison, sampler, "area_range", arguments.numbers("area_range"));
    comparison.equal(
        "max_attempts",
        sampler.getAttrOrThrow("max_attempts").getI(),
        arguments.integer("max_attempts"));
    comparison.equal(
        "use_image_if_no_bounding_boxes",
        sampler.getAttrOrThrow("use_image_if_no_bounding_boxes").getB(),
        arguments.flag("use_image_if_no_bounding_boxes"));
    arguments.done();
  }

  private static void compare(
      Comparison comparison, NodeDef sampler, String name, List<Double> want) {
    AttrValue.ListValue got = sampler.getAttrOrThrow(name).getList();
    for (int i = 0; i < want.size(); i++) {
      comparison.close(name + " " + i, got.getF(i), want.get(i), 1e-7);
    }
  }

  private static NodeDef only(List<NodeDef> nodes, Predicate<NodeDef> wanted) {
    return nodes.stream().filter(wanted).findFirst().orElseThrow();
  }
}
