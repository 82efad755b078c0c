package simclr.optim;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.model.VariableSpec.Initializer;
import simclr.model.VariableSpec.Kind;
import simclr.model.Variables;
import simclr.model.Variables.Scope;
import simclr.model.Variables.Variable;

/** A vector on which an optimizer takes steps, in a graph of its own. */
final class OneVariable implements AutoCloseable {
  private final Graph graph = new Graph();
  private final Session session;
  private final Operand<TFloat32> gradient;
  private final Operand<TFloat32> rate;
  private final Operand<TInt64> completed;
  private final Op update;
  private final Operand<TFloat32> value;
  private final List<Operand<TFloat32>> slots = new ArrayList<>();
  private long steps;

  private OneVariable(Optimizer optimizer, Place place, Kind kind, float[] start) {
    Ops tf = Ops.create(graph);
    Shape shape = Shape.of(start.length);
    Variables variables = Variables.inGraph(tf, true);
    place.in(variables.root()).variable(kind, shape, Initializer.zeros());
    Variable variable = variables.all().iterator().next();
    gradient = tf.placeholder(TFloat32.class, Placeholder.shape(shape));
    rate = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    completed = tf.placeholder(TInt64.class, Placeholder.shape(Shape.scalar()));
    List<Operand<? extends TType>> handles = new ArrayList<>();
    List<Op> initial = new ArrayList<>();
    initial.add(tf.assignVariableOp(variable.handle(), tf.constant(start)));
    for (String name : optimizer.slots()) {
      VarHandleOp slot = tf.varHandleOp(TFloat32.class, shape, VarHandleOp.sharedName(name));
      handles.add(slot);
      initial.add(tf.assignVariableOp(slot, tf.constant(new float[start.length])));
      slots.add(tf.readVariableOp(slot, TFloat32.class));
    }
    update = optimizer.apply(tf, variable, handles, gradient, new Optimizer.Step(rate, completed));
    value = tf.readVariableOp(variable.handle(), TFloat32.class);
    session = new Session(graph);
    Session.Runner runner = session.runner();
    initial.forEach(runner::addTarget);
    runner.run().close();
  }

  /** Where a layer stands in the model, which decides over its variables' names. */
  private enum Place {
    ENCODER("resnet_model", "resnet", "conv2d"),
    BATCH_NORM("resnet_model", "resnet", "batch_normalization"),
    CLASSIFIER("supervised_head", "head_supervised", "dense");

    private final String part;
    private final String name;
    private final String layer;

    Place(String part, String name, String layer) {
      this.part = part;
      this.name = name;
      this.layer = layer;
    }

    Scope in(Scope root) {
      return root.child(part).named(name).child("layer").newLayer(layer);
    }
  }

  /** The kernel of a convolution. */
  static OneVariable kernel(Optimizer optimizer, float... start) {
    return new OneVariable(optimizer, Place.ENCODER, Kind.KERNEL, start);
  }

  static OneVariable bias(Optimizer optimizer, float... start) {
    return new OneVariable(optimizer, Place.ENCODER, Kind.BIAS, start);
  }

  /** The scale of a batch normalisation. */
  static OneVariable gamma(Optimizer optimizer, float... start) {
    return new OneVariable(optimizer, Place.BATCH_NORM, Kind.GAMMA, start);
  }

  static OneVariable classifierKernel(Optimizer optimizer, float... start) {
    return new OneVariable(optimizer, Place.CLASSIFIER, Kind.KERNEL, start);
  }

  /** Takes a step and returns the new value. */
  float[] step(float learningRate, float... gradientOfLoss) {
    try (TFloat32 g = TFloat32.vectorOf(gradientOfLoss);
        TFloat32 r = TFloat32.scalarOf(learningRate);
        TInt64 n = TInt64.scalarOf(steps++)) {
      session
          .runner()
          .feed(gradient, g)
          .feed(rate, r)
          .feed(completed, n)
          .addTarget(update)
          .run()
          .close();
    }
    return read(value);
  }

  float[] slot(int index) {
    return read(slots.get(index));
  }

  private float[] read(Operand<TFloat32> operand) {
    try (Result result = session.runner().fetch(operand).run()) {
      return StdArrays.array1dCopyOf((TFloat32) result.get(0));
    }
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
