package simclr.export.convert;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  /** A tensor in torch's layout. */
  private record Value(Declared declared, Operand<TFloat32> operand) {}

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
        directory.resolve(FILE),
        metadata,
        tensors,
        tensor -> {
          Value value = values.get(tensor.name());
          return value == null ? ByteBuffer.allocate(Long.BYTES) : fetch(graph.session(), value);
        });
  }

  @Override
  public Forward readBack(Path directory, InferredModel model) {
    Safetensors file = Safetensors.open(directory.resolve(FILE));
    try (WeightGraph graph = WeightGraph.open(model, ImmutableList.of(), 0)) {
      Ops tf = graph.tf();
      Map<String, Placeholder<TFloat32>> fed = new LinkedHashMap<>();
      Map<String, Op> assigns = new LinkedHashMap<>();
      for (Variable variable : graph.state().variables().all()) {
        String name = TorchNames.of(variable.spec()).orElseThrow();
        Placeholder<TFloat32> torch =
            tf.placeholder(TFloat32.class, Placeholder.shape(torchShape(variable.spec())));
        fed.put(name, torch);
        assigns.put(
            name,
            tf.assignVariableOp(
                variable.handle(),
                tf.linalg.transpose(
                    torch, tf.constant(inverse(TorchNames.axes(variable.spec()))))));
      }
      for (Map.Entry<String, Placeholder<TFloat32>> one : fed.entrySet()) {
        float[] values = file.floats(one.getKey());
        try (TFloat32 tensor = TFloat32.tensorOf(one.getValue().shape(), DataBuffers.of(values))) {
          graph
              .session()
              .runner()
              .feed(one.getValue(), tensor)
              .addTarget(assigns.get(one.getKey()))
              .run()
              .close();
        }
      }
      return graph.forward();
    }
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

  private static ByteBuffer fetch(Session session, Value value) {
    try (Result result = session.runner().fetch(value.operand()).run()) {
      Tensor tensor = result.get(0);
      ByteDataBuffer raw = tensor.asRawTensor().data();
      byte[] bytes = new byte[Math.toIntExact(raw.size())];
      raw.read(bytes);
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      if (ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN) {
        throw new IllegalStateException("this machine keeps its numbers the other way round");
      }
      return buffer;
    }
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
