package simclr.tools;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import simclr.checkpoint.CheckpointFile;
import simclr.config.RunConfig;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;
import simclr.train.EvaluationListener;
import simclr.train.Reporter;

/**
 * Exports what was evaluated to {@code saved_model/<step>} in the run's directory, and keeps the
 * newest {@code --keep_hub_module_max}, as the reference does.
 */
record EvaluatedExport(Reporter reporter) implements EvaluationListener {
  @Override
  public void evaluated(RunConfig config, CheckpointFile checkpoint, ImmutableList<String> labels) {
    Path base = Path.of(config.requiredModelDir()).resolve("saved_model");
    ExportSource source = ExportSource.of(config, checkpoint, labels);
    Path written = SavedModelExport.writeAndRetain(source, base, config.keepHubModuleMax());
    reporter.line("exported " + written);
  }
}
