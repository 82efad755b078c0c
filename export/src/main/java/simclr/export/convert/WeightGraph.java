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
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.Restorer;
import simclr.checkpoint.RunState;
import simclr.checkpoint.RunState.Slot;
import simclr.export.weights.InferredModel;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.optim.Lars;

/**
 * The model of an architecture in inference mode, run on a few fixed images, with LARS' momentum
 * beside it. Weights go in and out inside the runtime.
 */
final class WeightGraph implements AutoCloseable {
  private static final int IMAGES = 2;
  private static final int SIDE = 64;
  private static final int CIFAR_SIDE = 32;

  private final RestoredModel model;
  private final Ops tf;
  private final RunState state;
  private final Restorer restorer;

  private WeightGraph(RestoredModel model, Collection<VariableSpec> slotted) {
    this.model = model;
    this.tf = model.tf();
    RunState weights = model.graph().state();
    ImmutableList<Slot> slots = slotted.stream().map(this::slot).collect(toImmutableList());
    this.state =
        new RunState(
            weights.variables(),
            Lars.LAYOUT,
            slots,
            weights.globalStep(),
            weights.saveCounter(),
            weights.lastLearningRate());
    this.restorer = Restorer.build(tf, weights.variables(), slots);
  }

  /**
   * Opens it. Its counters are set, its weights are not yet.
   *
   * @param slotted variables that have momentum
   * @param step what the step counter holds
   */
  static WeightGraph open(InferredModel inferred, Collection<VariableSpec> slotted, long step) {
    WeightGraph graph =
        new WeightGraph(
            RestoredModel.unfilled(ModelSpec.fed(inferred.config(), inferred.numClasses())),
            slotted);
    Ops tf = graph.tf;
    graph
        .session()
        .runner()
        .addTarget(tf.assignVariableOp(graph.state.globalStep(), tf.constant(step)))
        .addTarget(tf.assignVariableOp(graph.state.saveCounter(), tf.constant(0L)))
        .run()
        .close();
    return graph;
  }

  /** For adding ops. */
  Ops tf() {
    return tf;
  }

  Session session() {
    return model.session();
  }

  RunState state() {
    return state;
  }

  void restore(CheckpointFile file, ImmutableMap<String, String> keyOf) {
    restorer.restoreFrom(model.session(), file, keyOf);
  }

  /** What the model answers to the fixed images. */
  Forward forward() {
    int side = model.spec().config().imageSize() <= CIFAR_SIDE ? CIFAR_SIDE : SIDE;
    Map<String, Operand<TFloat32>> outputs = outputs(model.outputs());
    ImmutableMap.Builder<String, float[]> values = ImmutableMap.builder();
    try (TFloat32 images = images(side);
        Result result = model.run(images, List.copyOf(outputs.values()))) {
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
    model.close();
  }

  private Slot slot(VariableSpec spec) {
    Operand<?> handle =
        tf.varHandleOp(
            TFloat32.class, spec.shape(), VarHandleOp.sharedName("momentum/" + spec.kerasName()));
    VarHandleOp variable = (VarHandleOp) handle;
    return new Slot(spec, "Momentum", variable, tf.readVariableOp(variable, TFloat32.class));
  }

  private static Map<String, Operand<TFloat32>> outputs(SimClrModel.Outputs outputs) {
    Map<String, Operand<TFloat32>> named = new LinkedHashMap<>(outputs.endpoints().named());
    if (outputs.projections().size() > 1) {
      named.put("proj_head_output", outputs.z());
    }
    outputs.logits().ifPresent(logits -> named.put("logits_sup", logits));
    return named;
  }

  /** The same pixels every time; Java's specification fixes the generator. */
  private static TFloat32 images(int side) {
    Random random = new Random(8);
    float[] pixels = new float[IMAGES * side * side * 3];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = random.nextFloat();
    }
    return TFloat32.tensorOf(Shape.of(IMAGES, side, side, 3), DataBuffers.of(pixels));
  }
}
