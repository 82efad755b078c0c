package simclr.export.hub;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.proto.SavedModel;
import simclr.checkpoint.CheckpointFile;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.savedmodel.ExportSource;
import simclr.export.savedmodel.VersionDirectory;
import simclr.export.weights.SavedModelFile;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;
import simclr.io.DurableFiles;
import simclr.model.VariableSpec;

/**
 * A TF1 hub module:
 *
 * <pre>
 * tfhub_module.pb          2 bytes: format 3
 * saved_model.pb           two graphs, tagged with nothing and with "train"
 * variables/variables.*    a checkpoint under TF1 names, without slots and step
 * </pre>
 *
 * <p>{@code hub.load} and, up to tensorflow-hub 0.15, {@code hub.Module} read it. TensorFlow
 * Serving and Java do not run it: the format has no restore operation.
 */
public final class HubModule {
  private static final byte[] FORMAT_3 = {0x08, 0x03};
  private static final double TOLERANCE = 1e-5;

  private HubModule() {}

  /**
   * Writes {@code base/<step>}, runs its graph on fixed images and compares with the model; it gets
   * its name only if they agree.
   *
   * @return the directory of the version; the step, or 1 for weights of step 0
   * @throws UserException CANNOT_WRITE if the version exists or cannot be written, DATA if the
   *     checkpoint does not fit the flags or is corrupt or truncated
   */
  public static Path write(ExportSource source, Path base) {
    RunConfig config = exported(source.config());
    int classes = source.numClasses();
    long version = Math.max(1, source.checkpoint().step());
    try (VersionDirectory directory = VersionDirectory.begin(base, version, false)) {
      float[] expected = writeVariables(config, classes, source.checkpoint(), directory.aside());
      SavedModel model =
          SavedModel.newBuilder()
              .setSavedModelSchemaVersion(1)
              .addMetaGraphs(HubGraph.build(config, classes, false))
              .addMetaGraphs(HubGraph.build(config, classes, true))
              .build();
      DurableFiles.write(directory.aside().resolve(SavedModelFile.HUB_MARK), FORMAT_3);
      DurableFiles.write(
          directory.aside().resolve(SavedModelFile.NAME), SavedModelFile.bytes(model));
      check(source, expected, HubCheck.representation(directory.aside(), config.imageSize()));
      return directory.publish();
    }
  }

  private static void check(ExportSource source, float[] expected, float[] got) {
    double apart = HubCheck.difference(expected, got);
    if (!(apart <= TOLERANCE)) {
      throw new UserException(
          ExitCode.INTERNAL,
          "the hub module's final_avg_pool differs from %s by %s on fixed images, expected at most"
              + " %s; nothing is written",
          source.checkpoint(),
          apart,
          TOLERANCE);
    }
  }

  /**
   * Everything can be trained, and gradients of the logits reach the encoder. A module has no gaps.
   */
  private static RunConfig exported(RunConfig config) {
    return config.with(
        Map.of(
            "train_mode", "finetune",
            "fine_tune_after_block", "-1",
            "partial", "false"));
  }

  /** Returns h of the fixed images. */
  private static float[] writeVariables(
      RunConfig config, int numClasses, CheckpointFile checkpoint, Path directory) {
    try (RestoredModel model = RestoredModel.open(ModelSpec.fed(config, numClasses), checkpoint)) {
      model.writeVariables(
          SavedModelFile.variables(directory), VariableSpec::tf1Name, Optional.empty());
      return HubCheck.representation(model, config.imageSize());
    }
  }
}
