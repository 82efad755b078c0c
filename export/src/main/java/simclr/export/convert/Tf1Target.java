package simclr.export.convert;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.bundle.BundleWriter;
import simclr.export.weights.InferredModel;
import simclr.model.VariableSpec;

/** {@code model.ckpt-<step>} under plain variable names, as TF1's Saver wrote it. */
final class Tf1Target implements Target {
  @Override
  public InferredModel fitting(InferredModel model) {
    return model;
  }

  @Override
  public ImmutableMap<String, String> names(ImmutableList<VariableSpec> variables) {
    return variables.stream()
        .collect(ImmutableMap.toImmutableMap(VariableSpec::checkpointKey, VariableSpec::tf1Name));
  }

  @Override
  public void write(
      WeightGraph graph, InferredModel model, long step, String source, Path directory) {
    Map<String, Operand<?>> values = new LinkedHashMap<>();
    values.put("global_step", graph.tf().readVariableOp(graph.state().globalStep(), TInt64.class));
    graph.state().variables().all().forEach(v -> values.put(v.spec().tf1Name(), v.value()));
    graph.state().slots().forEach(s -> values.put(s.of().tf1Name() + '/' + s.name(), s.value()));
    BundleWriter writer = BundleWriter.build(graph.tf().withSubScope("save"), values);
    String name = "model.ckpt-" + step;
    writer.write(graph.session(), directory.resolve(name));
    ModelDir.nameOnly(directory, name);
  }

  @Override
  public Forward readBack(Path directory, InferredModel model) {
    return Tf2Target.readCheckpoint(directory);
  }
}
