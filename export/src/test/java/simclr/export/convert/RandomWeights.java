package simclr.export.convert;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.Ints;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;
import simclr.checkpoint.Architecture;
import simclr.checkpoint.bundle.BundleWriter;
import simclr.config.RunConfig;
import simclr.export.weights.InferredModel;
import simclr.model.VariableSpec;

/** A model whose every variable matters to its outputs; a fresh one has branches that are zero. */
public final class RandomWeights {
  private static final long STEP = 7;

  private RandomWeights() {}

  /** Writes {@code ckpt-7} of TF2, with LARS' momentum. */
  public static void writeTf2(Path directory, Map<String, String> flags, int classes) {
    write(directory, new Tf2Target(), flags, classes);
  }

  /** Writes {@code model.ckpt-7} of TF1, with LARS' momentum. */
  static void writeTf1(Path directory, Map<String, String> flags, int classes) {
    write(directory, new Tf1Target(), flags, classes);
  }

  /** Writes a TF1 checkpoint that holds an averaged copy of half the weights. */
  static void writeTf1WithAverages(Path prefix, Map<String, String> flags) {
    InferredModel architecture = architecture(flags, 0);
    try (WeightGraph graph = WeightGraph.open(architecture, ImmutableList.of(), STEP)) {
      Ops tf = graph.tf();
      Map<String, Operand<?>> values = new LinkedHashMap<>();
      graph
          .state()
          .variables()
          .all()
          .forEach(
              v -> {
                values.put(v.spec().tf1Name(), v.value());
                values.put(
                    "ema_model/" + v.spec().tf1Name(), tf.math.mul(v.value(), tf.constant(0.5f)));
              });
      assign(graph);
      BundleWriter.build(tf, values).write(graph.session(), prefix);
    }
  }

  private static void write(Path directory, Target target, Map<String, String> flags, int classes) {
    InferredModel architecture = architecture(flags, classes);
    ImmutableList<VariableSpec> slotted =
        architecture.variables().stream()
            .filter(VariableSpec::trainable)
            .collect(ImmutableList.toImmutableList());
    try (WeightGraph graph = WeightGraph.open(architecture, slotted, STEP)) {
      assign(graph);
      target.write(graph, architecture, STEP, "test", directory);
    }
  }

  private static InferredModel architecture(Map<String, String> flags, int classes) {
    RunConfig config =
        RunConfig.of(
            ImmutableMap.<String, String>builder()
                .put("resnet_depth", "18")
                .put("image_size", "32")
                .putAll(flags)
                .buildKeepingLast());
    ImmutableList<VariableSpec> variables = InferredModel.variables(config, classes);
    return new InferredModel(Architecture.of(variables), config, classes, variables);
  }

  /** In one run: each other set of targets would prepare the whole graph anew. */
  private static void assign(WeightGraph graph) {
    ImmutableList<Op> assigns = assigns(graph);
    Session.Runner runner = graph.session().runner();
    assigns.forEach(runner::addTarget);
    runner.run().close();
  }

  private static ImmutableList<Op> assigns(WeightGraph graph) {
    Random random = new Random(3);
    ImmutableList.Builder<Op> assigns = ImmutableList.builder();
    graph
        .state()
        .variables()
        .all()
        .forEach(
            v -> assigns.add(assign(graph.tf(), v.handle(), v.spec(), scale(v.spec()), random)));
    graph
        .state()
        .slots()
        .forEach(s -> assigns.add(assign(graph.tf(), s.handle(), s.of(), 0.01f, random)));
    return assigns.build();
  }

  private static Op assign(
      Ops tf, Operand<? extends TType> handle, VariableSpec spec, float scale, Random random) {
    float[] values = new float[Ints.checkedCast(spec.shape().size())];
    float offset =
        switch (spec.kind()) {
          case GAMMA, MOVING_VARIANCE -> 1;
          default -> 0;
        };
    for (int i = 0; i < values.length; i++) {
      values[i] = offset + scale * (2 * random.nextFloat() - 1);
    }
    Operand<TFloat32> value = tf.constant(spec.shape(), DataBuffers.of(values));
    return tf.assignVariableOp(handle, value);
  }

  private static float scale(VariableSpec spec) {
    if (spec.kind() != VariableSpec.Kind.KERNEL) {
      return 0.5f;
    }
    long fanIn = spec.shape().size() / spec.shape().get(-1);
    return (float) Math.sqrt(3.0 / fanIn);
  }
}
