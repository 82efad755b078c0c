package simclr.inference;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.RunState;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.graph.GraphOps;
import simclr.model.Initialization;
import simclr.model.ResourceVariable;
import simclr.model.SimClrModel;
import simclr.model.Variables;
import simclr.objective.WeightDecay;
import simclr.optim.Optimizer;
import simclr.parallel.Replicas;

/**
 * The forward pass in inference mode: batch normalisation takes its moving statistics, nothing is
 * changed. {@link RestoredModel} fills it and runs it.
 */
public final class InferenceGraph implements AutoCloseable {
  private final Graph graph;
  private final Batch batch;
  private final SimClrModel.Outputs outputs;
  private final Operand<TFloat32> weightDecay;
  private final RunState state;
  private final Op initialize;

  private InferenceGraph(
      Graph graph, RunConfig config, int numClasses, long seed, Function<Ops, Batch> input) {
    this.graph = graph;
    Ops tf = GraphOps.of(graph);
    this.batch = input.apply(tf.withSubScope("input"));
    Variables variables = Variables.inGraph(tf, false);
    this.outputs =
        new SimClrModel(config, numClasses).build(variables, Replicas.single(), batch.images());
    this.weightDecay =
        WeightDecay.build(tf, variables, config.optimizer(), (float) config.weightDecay());

    ResourceVariable globalStep = ResourceVariable.scalar(tf, TInt64.class, "global_step");
    ResourceVariable saveCounter = ResourceVariable.scalar(tf, TInt64.class, "save_counter");
    List<Op> initial = new ArrayList<>(Initialization.assign(tf, variables.all(), seed));
    initial.add(globalStep.assign(tf, tf.constant(0L)));
    initial.add(saveCounter.assign(tf, tf.constant(0L)));
    this.initialize = tf.withControlDependencies(initial).noOp();
    this.state =
        new RunState(
            variables,
            Optimizer.of(config).layout(),
            ImmutableList.of(),
            globalStep.operand(),
            saveCounter.operand(),
            tf.constant(0f));
  }

  /**
   * Builds the pass.
   *
   * @param numClasses of the labels; 0 leaves the supervised head out
   * @param seed of the weights that {@link #initialize} gives
   * @param input adds the operations that yield the next batch
   */
  public static InferenceGraph build(
      RunConfig config, int numClasses, long seed, Function<Ops, Batch> input) {
    return new InferenceGraph(new Graph(), config, numClasses, seed, input);
  }

  public Graph graph() {
    return graph;
  }

  /** The images that the pass takes, and their labels where the input has them. */
  public Batch batch() {
    return batch;
  }

  SimClrModel.Outputs outputs() {
    return outputs;
  }

  /** The L2 term of the loss over the model's weights. */
  public Operand<TFloat32> weightDecay() {
    return weightDecay;
  }

  /** What is restored. */
  Variables variables() {
    return state.variables();
  }

  /** The variables with the two counters of a checkpoint, both 0 at first, and without slots. */
  public RunState state() {
    return state;
  }

  /** Gives every variable the value that a training with the same seed starts from. */
  public void initialize(Session session) {
    session.runner().addTarget(initialize).run().close();
  }

  @Override
  public void close() {
    graph.close();
  }
}
