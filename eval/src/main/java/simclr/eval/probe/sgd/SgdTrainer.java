package simclr.eval.probe.sgd;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.SparseSoftmaxCrossEntropyWithLogits;
import org.tensorflow.op.train.ResourceApplyKerasMomentum;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.probe.LinearClassifier;
import simclr.eval.probe.Standardizer;
import simclr.graph.GraphOps;
import simclr.optim.LearningRateSchedule;

/**
 * A linear classifier that is trained step by step. Every epoch has every example once, in an order
 * of its own; batches run on across its end. The same seed gives the same classifier.
 */
final class SgdTrainer implements AutoCloseable {
  /** Of the reference's initial weights. */
  private static final double DEVIATION = 0.01;

  private final LabelledFeatures train;
  private final Standardizer scaling;
  private final int width;
  private final int classes;
  private final int batch;
  private final int[] order;
  private final SplittableRandom random;
  private final Graph graph = new Graph();
  private final Session session;
  private final Operand<TFloat32> features;
  private final Operand<TInt32> labels;
  private final Operand<TFloat32> rate;
  private final ImmutableList<Operand<TFloat32>> state;
  private final ImmutableList<Operand<TFloat32>> given;
  private final Op assign;
  private final Op step;
  private LearningRateSchedule schedule = new LearningRateSchedule(0, 0, 1);
  private int next;

  private SgdTrainer(
      LabelledFeatures train,
      Standardizer scaling,
      int classes,
      int batch,
      double momentum,
      long seed) {
    this.train = train;
    this.scaling = scaling;
    this.width = train.matrix().columns();
    this.classes = classes;
    this.batch = batch;
    this.random = new SplittableRandom(seed);
    this.order = new int[train.examples()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    this.next = order.length;
    Ops tf = GraphOps.of(graph);
    features = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(batch, width)));
    labels = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(batch)));
    rate = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    Operand<? extends TType> w = handle(tf, "weights", matrix());
    Operand<? extends TType> b = handle(tf, "bias", Shape.of(classes));
    Operand<? extends TType> wSlot = handle(tf, "weights_momentum", matrix());
    Operand<? extends TType> bSlot = handle(tf, "bias_momentum", Shape.of(classes));
    Operand<TFloat32> weights = tf.readVariableOp(w, TFloat32.class);
    Operand<TFloat32> bias = tf.readVariableOp(b, TFloat32.class);
    state =
        ImmutableList.of(
            weights,
            bias,
            tf.readVariableOp(wSlot, TFloat32.class),
            tf.readVariableOp(bSlot, TFloat32.class));
    SparseSoftmaxCrossEntropyWithLogits<TFloat32> entropy =
        tf.nn.sparseSoftmaxCrossEntropyWithLogits(
            tf.math.add(tf.linalg.matMul(features, weights), bias), labels);
    Operand<TFloat32> residual = tf.math.div(entropy.backprop(), tf.constant((float) batch));
    Operand<TFloat32> gradient = tf.linalg.matMul(features, residual, MatMul.transposeA(true));
    step =
        tf.withControlDependencies(
                List.of(
                    apply(tf, w, wSlot, gradient, momentum),
                    apply(tf, b, bSlot, tf.sum(residual, tf.constant(0)), momentum)))
            .noOp();
    given =
        shapes().stream()
            .map(shape -> tf.placeholder(TFloat32.class, Placeholder.shape(shape)))
            .collect(toImmutableList());
    assign =
        tf.withControlDependencies(
                List.of(
                    tf.assignVariableOp(w, given.get(0)),
                    tf.assignVariableOp(b, given.get(1)),
                    tf.assignVariableOp(wSlot, given.get(2)),
                    tf.assignVariableOp(bSlot, given.get(3))))
            .noOp();
    session = new Session(graph);
    assign(initial(seed));
  }

  /** Begins with small random weights. */
  static SgdTrainer of(
      LabelledFeatures train,
      Standardizer scaling,
      int classes,
      int batch,
      double momentum,
      long seed) {
    return new SgdTrainer(train, scaling, classes, batch, momentum, seed);
  }

  void schedule(double peak, long warmupSteps, long totalSteps) {
    schedule = new LearningRateSchedule(peak, warmupSteps, totalSteps);
  }

  /** Takes the next batch at the rate that follows so many steps. */
  void step(long done) {
    float[] rows = new float[batch * width];
    int[] classOf = new int[batch];
    for (int i = 0; i < batch; i++) {
      int row = nextRow();
      train.matrix().copyRow(row, rows, i * width);
      scaling.apply(rows, i * width);
      classOf[i] = train.labels().get(row);
    }
    try (TFloat32 x = TFloat32.tensorOf(Shape.of(batch, width), DataBuffers.of(rows, true, false));
        TInt32 y = TInt32.vectorOf(classOf);
        TFloat32 r = TFloat32.scalarOf((float) schedule.at(done))) {
      session
          .runner()
          .feed(features, x)
          .feed(labels, y)
          .feed(rate, r)
          .addTarget(step)
          .run()
          .close();
    }
  }

  /** Weights, biases and the momentum of both, one behind the other. */
  float[] state() {
    float[] values = new float[2 * (width + 1) * classes];
    Session.Runner runner = session.runner();
    state.forEach(runner::fetch);
    try (Result result = runner.run()) {
      int from = 0;
      for (Map.Entry<String, Tensor> each : result) {
        float[] read = new float[Math.toIntExact(each.getValue().size())];
        ((TFloat32) each.getValue()).asRawTensor().data().asFloats().read(read);
        System.arraycopy(read, 0, values, from, read.length);
        from += read.length;
      }
    }
    return values;
  }

  /** Goes on where another training with the same seed was after so many steps. */
  void resume(float[] reached, long steps) {
    assign(reached);
    for (long row = 0; row < steps * batch; row++) {
      nextRow();
    }
  }

  LinearClassifier classifier() {
    double[] parameters = new double[(width + 1) * classes];
    float[] values = state();
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = values[i];
    }
    return LinearClassifier.of(scaling, classes, parameters);
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }

  private int nextRow() {
    if (next == order.length) {
      for (int i = order.length - 1; i > 0; i--) {
        int other = random.nextInt(i + 1);
        int row = order[i];
        order[i] = order[other];
        order[other] = row;
      }
      next = 0;
    }
    return order[next++];
  }

  private Shape matrix() {
    return Shape.of(width, classes);
  }

  /** Of the parts of the state. */
  private List<Shape> shapes() {
    return List.of(matrix(), Shape.of(classes), matrix(), Shape.of(classes));
  }

  private void assign(float[] values) {
    Session.Runner runner = session.runner().addTarget(assign);
    List<TFloat32> fed = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < given.size(); i++) {
      Shape shape = shapes().get(i);
      int size = Math.toIntExact(shape.size());
      fed.add(
          TFloat32.tensorOf(
              shape, DataBuffers.of(Arrays.copyOfRange(values, from, from + size), true, false)));
      runner.feed(given.get(i), fed.get(i));
      from += size;
    }
    try {
      runner.run().close();
    } finally {
      fed.forEach(TFloat32::close);
    }
  }

  /** Small random weights; all else is 0. */
  private float[] initial(long seed) {
    java.util.Random normal = new java.util.Random(seed);
    float[] values = new float[2 * (width + 1) * classes];
    for (int i = 0; i < width * classes; i++) {
      values[i] = (float) (DEVIATION * normal.nextGaussian());
    }
    return values;
  }

  private Op apply(
      Ops tf,
      Operand<? extends TType> variable,
      Operand<? extends TType> slot,
      Operand<TFloat32> gradient,
      double momentum) {
    return tf.train.resourceApplyKerasMomentum(
        variable,
        slot,
        rate,
        gradient,
        tf.constant((float) momentum),
        ResourceApplyKerasMomentum.useNesterov(true));
  }

  private static Operand<? extends TType> handle(Ops tf, String name, Shape shape) {
    return tf.varHandleOp(TFloat32.class, shape, VarHandleOp.sharedName(name));
  }
}
