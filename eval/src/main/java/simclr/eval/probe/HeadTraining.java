package simclr.eval.probe;

import java.util.List;
import java.util.SplittableRandom;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
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
import simclr.optim.LearningRateSchedule;

/**
 * A linear classifier that is trained step by step. Every epoch has every example once, in an order
 * of its own; batches run on across its end. The same seed gives the same classifier.
 */
final class HeadTraining implements AutoCloseable {
  /** Of the reference's initial weights. */
  private static final double DEVIATION = 0.01;

  private final LabelledFeatures train;
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
  private final Operand<TFloat32> weights;
  private final Operand<TFloat32> bias;
  private final Op step;
  private LearningRateSchedule schedule = new LearningRateSchedule(0, 0, 1);
  private int next;

  private HeadTraining(LabelledFeatures train, int classes, int batch, double momentum, long seed) {
    this.train = train;
    this.width = train.matrix().columns();
    this.classes = classes;
    this.batch = batch;
    this.random = new SplittableRandom(seed);
    this.order = new int[train.examples()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    this.next = order.length;
    Ops tf = Ops.create(graph);
    features = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(batch, width)));
    labels = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(batch)));
    rate = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    Shape matrix = Shape.of(width, classes);
    Operand<? extends TType> w = handle(tf, "weights", matrix);
    Operand<? extends TType> b = handle(tf, "bias", Shape.of(classes));
    Operand<? extends TType> wSlot = handle(tf, "weights_momentum", matrix);
    Operand<? extends TType> bSlot = handle(tf, "bias_momentum", Shape.of(classes));
    weights = tf.readVariableOp(w, TFloat32.class);
    bias = tf.readVariableOp(b, TFloat32.class);
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
    Operand<TFloat32> initial = tf.placeholder(TFloat32.class, Placeholder.shape(matrix));
    Op initialise =
        tf.withControlDependencies(
                List.of(
                    tf.assignVariableOp(w, initial),
                    tf.assignVariableOp(wSlot, zeros(tf, matrix)),
                    tf.assignVariableOp(b, zeros(tf, Shape.of(classes))),
                    tf.assignVariableOp(bSlot, zeros(tf, Shape.of(classes)))))
            .noOp();
    session = new Session(graph);
    try (TFloat32 values = TFloat32.tensorOf(matrix, DataBuffers.of(normal(seed), true, false))) {
      session.runner().feed(initial, values).addTarget(initialise).run().close();
    }
  }

  /** Begins with small random weights. */
  static HeadTraining of(
      LabelledFeatures train, int classes, int batch, double momentum, long seed) {
    return new HeadTraining(train, classes, batch, momentum, seed);
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

  LinearClassifier classifier() {
    double[] parameters = new double[(width + 1) * classes];
    try (Result result = session.runner().fetch(weights).fetch(bias).run()) {
      float[] read = new float[width * classes];
      ((TFloat32) result.get(0)).asRawTensor().data().asFloats().read(read);
      float[] biases = new float[classes];
      ((TFloat32) result.get(1)).asRawTensor().data().asFloats().read(biases);
      for (int i = 0; i < parameters.length; i++) {
        parameters[i] = i < read.length ? read[i] : biases[i - read.length];
      }
    }
    return LinearClassifier.of(Scaling.none(width), classes, parameters);
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

  private float[] normal(long seed) {
    java.util.Random normal = new java.util.Random(seed);
    float[] values = new float[width * classes];
    for (int i = 0; i < values.length; i++) {
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

  private static Operand<TFloat32> zeros(Ops tf, Shape shape) {
    return tf.zeros(tf.constant(shape), TFloat32.class);
  }
}
