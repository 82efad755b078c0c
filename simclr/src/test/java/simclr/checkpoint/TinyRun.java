package simclr.checkpoint;

import static simclr.checkpoint.CheckpointKeys.GLOBAL_STEP;
import static simclr.checkpoint.CheckpointKeys.SAVE_COUNTER;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.checkpoint.RunState.Slot;
import simclr.config.RunConfig;
import simclr.config.RunConfig.OptimizerKind;
import simclr.model.VariableSpec.Initializer;
import simclr.model.VariableSpec.Kind;
import simclr.model.Variables;
import simclr.model.Variables.Scope;
import simclr.model.Variables.Variable;
import simclr.optim.Optimizer;

/** A run of a model with a handful of variables: convolution, batch norm, one head or none. */
final class TinyRun implements AutoCloseable {
  /** What varies between models that do not fit each other; {@code classes} 0 is not a head. */
  record Form(OptimizerKind optimizer, int filters, int classes) {
    static final Form LARS = new Form(OptimizerKind.LARS, 4, 3);

    Form with(OptimizerKind kind) {
      return new Form(kind, filters, classes);
    }

    Form classes(int number) {
      return new Form(optimizer, filters, number);
    }

    Form filters(int number) {
      return new Form(optimizer, number, classes);
    }
  }

  final Graph graph = new Graph();
  final Session session;
  final RunState state;
  final Saver saver;
  private final Map<String, Operand<? extends TType>> values = new TreeMap<>();
  private final Map<String, Operand<? extends TType>> fed = new TreeMap<>();
  private final Map<String, Op> assigns = new TreeMap<>();

  TinyRun(Form form) {
    Ops tf = Ops.create(graph);
    Variables variables = model(tf, form);
    Optimizer optimizer =
        Optimizer.of(
            RunConfig.of(Map.of("optimizer", form.optimizer().name().toLowerCase(Locale.ROOT))));
    ImmutableList.Builder<Slot> slots = ImmutableList.builder();
    for (Variable variable : variables.trainable()) {
      for (String name : optimizer.slots()) {
        slots.add(slot(tf, variable, name));
      }
    }
    state =
        new RunState(
            variables,
            optimizer.layout(),
            slots.build(),
            tf.varHandleOp(TInt64.class, Shape.scalar(), VarHandleOp.sharedName(GLOBAL_STEP)),
            tf.varHandleOp(TInt64.class, Shape.scalar(), VarHandleOp.sharedName(SAVE_COUNTER)),
            tf.constant(0.25f));
    for (Variable variable : variables.all()) {
      add(tf, variable.spec().checkpointKey(), variable.handle(), TFloat32.class);
    }
    for (Slot slot : state.slots()) {
      add(tf, CheckpointKeys.slot(slot.of(), slot.name()), slot.handle(), TFloat32.class);
    }
    add(tf, GLOBAL_STEP, state.globalStep(), TInt64.class);
    add(tf, SAVE_COUNTER, state.saveCounter(), TInt64.class);
    saver = Saver.build(tf, state);
    session = new Session(graph);
    fill(0);
  }

  static Variables model(Ops tf, Form form) {
    Variables variables = Variables.inGraph(tf, true);
    Scope resnet = variables.root().child("resnet_model").newLayer("resnet");
    Scope stem = resnet.child("initial_conv_relu_max_pool");
    stem.child(0)
        .newLayer("conv2d_fixed_padding")
        .child("conv2d")
        .newLayer("conv2d")
        .variable(Kind.KERNEL, Shape.of(3, 3, 3, form.filters()), new Initializer.FanIn());
    Scope norm =
        stem.child(2).newLayer("batch_norm_relu").child("bn").newLayer("sync_batch_normalization");
    Shape channels = Shape.of(form.filters());
    norm.variable(Kind.GAMMA, channels, Initializer.ones());
    norm.variable(Kind.BETA, channels, Initializer.zeros());
    norm.variable(Kind.MOVING_MEAN, channels, Initializer.zeros());
    norm.variable(Kind.MOVING_VARIANCE, channels, Initializer.ones());
    if (form.classes() > 0) {
      Scope head = variables.root().child("supervised_head").named("head_supervised");
      Scope dense =
          head.child("linear_layer").named("linear_layer").child("dense").newLayer("dense");
      dense.variable(
          Kind.KERNEL, Shape.of(form.filters(), form.classes()), new Initializer.Normal(0.01f));
      dense.variable(Kind.BIAS, Shape.of(form.classes()), Initializer.zeros());
    }
    return variables;
  }

  private static Slot slot(Ops tf, Variable variable, String name) {
    Operand<? extends TType> handle =
        tf.varHandleOp(
            TFloat32.class,
            variable.spec().shape(),
            VarHandleOp.sharedName(variable.spec().kerasName() + '/' + name));
    return new Slot(variable.spec(), name, handle, tf.readVariableOp(handle, TFloat32.class));
  }

  private <T extends TType> void add(
      Ops tf, String path, Operand<? extends TType> handle, Class<T> type) {
    Operand<T> value = tf.readVariableOp(handle, type);
    Operand<T> placeholder = tf.placeholder(type, Placeholder.shape(Shape.unknown()));
    values.put(path, value);
    fed.put(path, placeholder);
    assigns.put(path, tf.assignVariableOp(handle, placeholder));
  }

  /** Gives everything a value that depends on {@code seed}; the step and the counter are it. */
  void fill(long seed) {
    Random random = new Random(seed);
    Session.Runner runner = session.runner();
    List<Tensor> tensors = new ArrayList<>();
    for (String path : fed.keySet()) {
      Tensor tensor = isCounter(path) ? TInt64.scalarOf(seed) : floats(path, random);
      tensors.add(tensor);
      runner.feed(fed.get(path), tensor).addTarget(assigns.get(path));
    }
    runner.run().close();
    tensors.forEach(Tensor::close);
  }

  private TFloat32 floats(String path, Random random) {
    Shape shape = shape(path);
    return TFloat32.tensorOf(
        shape, data -> data.scalars().forEach(x -> x.setFloat((float) random.nextGaussian())));
  }

  private Shape shape(String path) {
    for (Variable variable : state.variables().all()) {
      String key = variable.spec().checkpointKey();
      if (path.equals(key) || path.startsWith(key + CheckpointKeys.SLOT)) {
        return variable.spec().shape();
      }
    }
    throw new AssertionError(path);
  }

  static boolean isCounter(String path) {
    return path.equals(GLOBAL_STEP) || path.equals(SAVE_COUNTER);
  }

  /** Bits of every value by path, so that comparing is exact. */
  Map<String, List<Number>> values() {
    Session.Runner runner = session.runner();
    values.values().forEach(runner::fetch);
    Map<String, List<Number>> read = new TreeMap<>();
    try (Result result = runner.run()) {
      int i = 0;
      for (String path : values.keySet()) {
        read.put(path, bits(result.get(i++)));
      }
    }
    return read;
  }

  static List<Number> bits(Tensor tensor) {
    List<Number> bits = new ArrayList<>();
    if (tensor instanceof TInt64 counter) {
      bits.add(counter.getLong());
    } else {
      ((TFloat32) tensor).scalars().forEach(x -> bits.add(Float.floatToRawIntBits(x.getFloat())));
    }
    return bits;
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
