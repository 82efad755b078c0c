package simclr.export.convert;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.Saver;
import simclr.export.weights.InferredModel;
import simclr.export.weights.WeightSource;
import simclr.model.VariableSpec;

/** {@code ckpt-<step>} with its object graph, as a run of this program writes it. */
final class Tf2Target implements Target {
  @Override
  public InferredModel fitting(InferredModel model) {
    return model;
  }

  @Override
  public ImmutableMap<String, String> names(ImmutableList<VariableSpec> variables) {
    return variables.stream()
        .collect(
            ImmutableMap.toImmutableMap(VariableSpec::checkpointKey, VariableSpec::checkpointKey));
  }

  @Override
  public void write(
      WeightGraph graph, InferredModel model, long step, String source, Path directory) {
    String name = "ckpt-" + step;
    Saver.build(graph.tf(), graph.state()).save(graph.session(), directory.resolve(name));
    ModelDir.nameOnly(directory, name);
  }

  @Override
  public Forward readBack(Path directory, InferredModel model) {
    return readCheckpoint(directory);
  }

  /** As a stranger would: the architecture is inferred anew from what was written. */
  static Forward readCheckpoint(Path directory) {
    WeightSource written = WeightSource.open("--output", directory, false, line -> {});
    InferredModel inferred = InferredModel.of(written);
    Matching matching = Matching.of(written, inferred, false);
    try (WeightGraph graph = WeightGraph.open(inferred, ImmutableList.of(), 0)) {
      graph.restore(written.file(), matching.keys(written));
      return graph.forward();
    }
  }
}
