package simclr.export.convert;

import static com.google.common.base.Preconditions.checkNotNull;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.ByteDataBuffer;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.RunState.Slot;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.convert.Safetensors.Declared;
import simclr.export.convert.Safetensors.ElementType;
import simclr.export.weights.InferredModel;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;

/** {@code model.safetensors}: the encoder in torchvision's names and layouts. */
final class SafetensorsTarget implements Target {
  static final String FILE = "model.safetensors";

  /** 128 MB. */
  private static final long NUMBERS_AT_ONCE = 1L << 25;

  /** A tensor in torch's layout. */
  private record Value(Declared declared, Operand<TFloat32> operand) {}

  /** A variable that takes a tensor in torch's layout. */
  private record Assignment(String name, Placeholder<TFloat32> torch, Op assign) {}

  @Override
  public InferredModel fitting(InferredModel model) {
    if (model.config().skRatio() > 0 || model.config().seRatio() > 0) {
      throw new UserException(
          ExitCode.DATA,
          "--to is safetensors and the model is %s, expected one without selective kernels and"
              + " squeeze and excitation, which torchvision's ResNets do not have",
          model.architecture());
    }
    // A classifier on another layer than h is none that torchvision's models could use.
    boolean classifier = model.config().featureIndex() == 0;
    return model.reduced(
        ImmutableMap.of("proj_head_mode", "none", "ft_proj_selector", "0"),
        classifier ? model.numClasses() : 0);
  }

  @Override
  public ImmutableMap<String, String> names(ImmutableList<VariableSpec> variables) {
    ImmutableMap.Builder<String, String> names = ImmutableMap.builder();
    for (VariableSpec spec : variables) {
      TorchNames.of(spec).ifPresent(name -> names.put(spec.checkpointKey(), name));
    }
    return names.buildOrThrow();
  }

  @Override
  public void write(
      WeightGraph graph, InferredModel model, long step, String source, Path directory) {
    Ops tf = graph.tf().withSubScope("torch");
    ImmutableMap<String, String> names = names(model.variables());
    Map<String, Value> values = new LinkedHashMap<>();
    List<Declared> tensors = new ArrayList<>();
    for (Variable variable : graph.state().variables().all()) {
      VariableSpec spec = variable.spec();
      @Nullable String name = names.get(spec.checkpointKey());
      if (name != null) {
        values.put(name, value(tf, name, spec, variable.value()));
        TorchNames.batchCounter(spec)
            .ifPresent(
                counter -> tensors.add(new Declared(counter, ElementType.I64, ImmutableList.of())));
      }
    }
    for (Slot slot : graph.state().slots()) {
      @Nullable String of = names.get(slot.of().checkpointKey());
      if (of != null) {
        String name = of + ".momentum";
        values.put(name, value(tf, name, slot.of(), slot.value()));
      }
    }
    values.values().forEach(value -> tensors.add(value.declared()));
    ImmutableMap<String, String> metadata = metadata(model, step, source);
    Safetensors.write(
        directory.resolve(FILE), metadata, tensors, new InGroups(graph.session(), values)::of);
  }

  @Override
  public Forward readBack(Path directory, InferredModel model) {
    Safetensors file = Safetensors.open(directory.resolve(FILE));
    try (WeightGraph graph = WeightGraph.open(model, ImmutableList.of(), 0)) {
      Ops tf = graph.tf();
      List<Assignment> assignments = new ArrayList<>();
      for (Variable variable : graph.state().variables().all()) {
        String name = TorchNames.of(variable.spec()).orElseThrow();
        Placeholder<TFloat32> torch =
            tf.placeholder(TFloat32.class, Placeholder.shape(torchShape(variable.spec())));
        Operand<TFloat32> value =
            tf.linalg.transpose(torch, tf.constant(inverse(TorchNames.axes(variable.spec()))));
        assignments.add(new Assignment(name, torch, tf.assignVariableOp(variable.handle(), value)));
      }
      for (List<Assignment> group : groups(assignments, a -> a.torch().shape().size())) {
        assign(graph.session(), file, group);
      }
      return graph.forward();
    }
  }

  private static void assign(Session session, Safetensors file, List<Assignment> group) {
    List<TFloat32> fed = new ArrayList<>();
    try {
      Session.Runner runner = session.runner();
      for (Assignment assignment : group) {
        TFloat32 tensor =
            TFloat32.tensorOf(
                assignment.torch().shape(), DataBuffers.of(file.floats(assignment.name())));
        fed.add(tensor);
        runner.feed(assignment.torch(), tensor).addTarget(assignment.assign());
      }
      runner.run().close();
    } finally {
      fed.forEach(TFloat32::close);
    }
  }

  /**
   * Tensors that pass together. Every other set of them makes TensorFlow prepare the whole graph
   * anew, so few sets are fast; all at once would hold a large model in memory twice.
   */
  private static <T> List<List<T>> groups(List<T> all, ToLongFunction<T> numbers) {
    List<List<T>> groups = new ArrayList<>();
    long room = 0;
    for (T one : all) {
      if (groups.isEmpty() || numbers.applyAsLong(one) > room) {
        groups.add(new ArrayList<>());
        room = NUMBERS_AT_ONCE;
      }
      groups.get(groups.size() - 1).add(one);
      room -= numbers.applyAsLong(one);
    }
    return groups;
  }

  private static Value value(Ops tf, String name, VariableSpec spec, Operand<TFloat32> variable) {
    List<Long> shape = new ArrayList<>();
    for (long dimension : torchShape(spec).asArray()) {
      shape.add(dimension);
    }
    return new Value(
        new Declared(name, ElementType.F32, ImmutableList.copyOf(shape)),
        tf.linalg.transpose(variable, tf.constant(TorchNames.axes(spec))));
  }

  private static Shape torchShape(VariableSpec spec) {
    int[] axes = TorchNames.axes(spec);
    long[] shape = new long[axes.length];
    for (int i = 0; i < axes.length; i++) {
      shape[i] = spec.shape().get(axes[i]);
    }
    return Shape.of(shape);
  }

  private static int[] inverse(int[] axes) {
    int[] inverse = new int[axes.length];
    for (int i = 0; i < axes.length; i++) {
      inverse[axes[i]] = i;
    }
    return inverse;
  }

  /** Fetches values in groups as they are asked for, in their order. */
  private static final class InGroups {
    private final Session session;
    private final Map<String, Value> values;
    private final Iterator<List<Value>> groups;
    private final Map<String, ByteBuffer> fetched = new HashMap<>();

    InGroups(Session session, Map<String, Value> values) {
      this.session = session;
      this.values = values;
      this.groups =
          groups(List.copyOf(values.values()), value -> value.declared().bytes() / Float.BYTES)
              .iterator();
    }

    ByteBuffer of(Declared tensor) {
      if (!values.containsKey(tensor.name())) {
        return ByteBuffer.allocate(Long.BYTES); // a counter of batches
      }
      while (!fetched.containsKey(tensor.name())) {
        fetch(groups.next());
      }
      return checkNotNull(fetched.remove(tensor.name()));
    }

    private void fetch(List<Value> group) {
      Session.Runner runner = session.runner();
      group.forEach(value -> runner.fetch(value.operand()));
      try (Result result = runner.run()) {
        for (int i = 0; i < group.size(); i++) {
          fetched.put(group.get(i).declared().name(), bytes(result.get(i)));
        }
      }
    }
  }

  private static ByteBuffer bytes(Tensor tensor) {
    ByteDataBuffer raw = tensor.asRawTensor().data();
    byte[] bytes = new byte[Math.toIntExact(raw.size())];
    raw.read(bytes);
    if (ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN) {
      throw new IllegalStateException("this machine keeps its numbers the other way round");
    }
    return ByteBuffer.wrap(bytes);
  }

  private static ImmutableMap<String, String> metadata(
      InferredModel model, long step, String source) {
    ImmutableMap.Builder<String, String> metadata = ImmutableMap.builder();
    metadata.put("format", "pt");
    metadata.put("architecture", model.architecture().toString());
    metadata.put("source", source);
    metadata.put("step", Long.toString(step));
    metadata.put("input", "float32 RGB in [0, 1], NCHW, without mean or deviation normalisation");
    metadata.put(
        "padding",
        "convolutions as in torchvision: (kernel - 1) / 2 zeros on each side. Max pool after the"
            + " stem: TensorFlow's SAME, which on even sizes pads one row below and one column on"
            + " the right; use ZeroPad2d((0, 1, 0, 1)) and MaxPool2d(3, 2, 0) instead of"
            + " MaxPool2d(3, 2, 1)");
    if (model.architecture().stem().startsWith("CIFAR")) {
      metadata.put("stem", "3x3 convolution of stride 1, no max pool");
    }
    if (model.config().resnetDepth() < 50) {
      metadata.put(
          "shortcut", "layer1.0 has a downsample of stride 1, which torchvision's has not");
    }
    metadata.put("batch_norm", "epsilon 1e-5; running_var is the biased variance");
    return metadata.buildOrThrow();
  }
}
