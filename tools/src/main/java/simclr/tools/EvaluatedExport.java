package simclr.tools;

import java.nio.file.Path;
import simclr.config.LocalPath;
import simclr.config.Reporter;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.SavedModelExport;
import simclr.train.evaluate.EvaluationListener;

/**
 * Exports what was evaluated to {@code saved_model/<step>} in the run's directory, and keeps the
 * newest {@code --keep_hub_module_max}, as the reference does.
 */
record EvaluatedExport(Reporter reporter) implements EvaluationListener {
  @Override
  public void evaluated(Evaluated evaluated) {
    Path base =
        LocalPath.of(evaluated.config().requiredModelDir(), "--model_dir").resolve("saved_model");
    ExportSource source =
        ExportSource.of(evaluated.config(), evaluated.checkpoint(), evaluated.labels());
    Path written =
        SavedModelExport.writeAndRetain(source, base, evaluated.config().keepHubModuleMax());
    reporter.line("exported " + written);
  }
}
