package simclr.export.convert;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.Restorer;
import simclr.checkpoint.RunState;
import simclr.checkpoint.RunState.Slot;
import simclr.config.RunConfig.OptimizerKind;
import simclr.data.Batch;
import simclr.export.weights.Architecture;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.train.InferenceGraph;

/**
 * The model of an architecture in inference mode, over a few fixed images, with LARS' momentum
 * beside it. Weights go in and out inside the runtime.
 */
final class WeightGraph implements AutoCloseable {
  private static final int IMAGES = 2;
  private static final int SIDE = 64;
  private static final int CIFAR_SIDE = 32;

  private final InferenceGraph graph;
  private final Ops tf;
  private final RunState state;
  private final Restorer restorer;
  private final Op counters;

  private WeightGraph(InferenceGraph graph, Collection<VariableSpec> slotted, long step) {
    this.graph = graph;
    this.tf = GraphOps.of(graph.graph());
    RunState model = graph.state();
    ImmutableList<Slot> slots = slotted.stream().map(this::slot).collect(toImmutableList());
    this.state =
        new RunState(
            model.variables(),
            OptimizerKind.LARS,
            slots,
            model.globalStep(),
            model.saveCounter(),
            model.lastLearningRate());
    this.restorer = Restorer.build(tf, model.variables(), slots);
    this.counters =
        tf.withControlDependencies(
                List.<Op>of(
                    tf.assignVariableOp(model.globalStep(), tf.constant(step)),
                    tf.assignVariableOp(model.saveCounter(), tf.constant(0L))))
            .noOp();
  }

  /**
   * Builds it.
   *
   * @param slotted variables that have momentum
   * @param step what the step counter holds
   */
  static WeightGraph build(Architecture architecture, Collection<VariableSpec> slotted, long step) {
    int side = architecture.config().imageSize() <= CIFAR_SIDE ? CIFAR_SIDE : SIDE;
    return new WeightGraph(
        InferenceGraph.build(
            architecture.config(), architecture.numClasses(), 0, tf -> images(tf, side)),
        slotted,
        step);
  }

  /** For adding ops before the session starts. */
  Ops tf() {
    return tf;
  }

  RunState state() {
    return state;
  }

  /** Starts a session whose counters are set; the weights are not yet. */
  Session open() {
    Session session = new Session(graph.graph());
    session.runner().addTarget(counters).run().close();
    return session;
  }

  void restore(Session session, CheckpointFile file, ImmutableMap<String, String> keyOf) {
    restorer.restoreFrom(session, file, keyOf);
  }

  /** What the model answers to the fixed images. */
  Forward forward(Session session) {
    Map<String, Operand<TFloat32>> outputs = outputs(graph.outputs());
    Session.Runner runner = session.runner();
    outputs.values().forEach(runner::fetch);
    ImmutableMap.Builder<String, float[]> values = ImmutableMap.builder();
    try (Result result = runner.run()) {
      int next = 0;
      for (String name : outputs.keySet()) {
        TFloat32 tensor = (TFloat32) result.get(next++);
        float[] value = new float[Math.toIntExact(tensor.size())];
        tensor.asRawTensor().data().asFloats().read(value);
        values.put(name, value);
      }
    }
    return new Forward(values.buildOrThrow());
  }

  @Override
  public void close() {
    graph.close();
  }

  private Slot slot(VariableSpec spec) {
    Operand<?> handle =
        tf.varHandleOp(
            TFloat32.class, spec.shape(), VarHandleOp.sharedName("momentum/" + spec.kerasName()));
    VarHandleOp variable = (VarHandleOp) handle;
    return new Slot(spec, "Momentum", variable, tf.readVariableOp(variable, TFloat32.class));
  }

  private static Map<String, Operand<TFloat32>> outputs(SimClrModel.Outputs outputs) {
    Map<String, Operand<TFloat32>> named = new LinkedHashMap<>();
    named.put("initial_conv", outputs.endpoints().initialConv());
    named.put("initial_max_pool", outputs.endpoints().initialMaxPool());
    for (int i = 0; i < outputs.endpoints().blockGroups().size(); i++) {
      named.put("block_group" + (i + 1), outputs.endpoints().blockGroups().get(i));
    }
    named.put("final_avg_pool", outputs.endpoints().finalAvgPool());
    if (outputs.projections().size() > 1) {
      named.put("proj_head_output", outputs.z());
    }
    outputs.logits().ifPresent(logits -> named.put("logits_sup", logits));
    return named;
  }

  /** The same pixels every time; Java's specification fixes the generator. */
  private static Batch images(Ops tf, int side) {
    Random random = new Random(8);
    float[] pixels = new float[IMAGES * side * side * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = random.nextFloat();
    }
    return new Batch(
        tf.constant(Shape.of(IMAGES, side, side, 3), DataBuffers.of(pixels)),
        tf.constant(new long[IMAGES]));
  }
}
