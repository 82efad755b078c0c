package simclr.export.embed;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import simclr.config.LocalPath;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.TimeLimits;

/**
 * What to embed, with what, where to.
 *
 * @param export a version's directory, or the base directory of several
 * @param dataset as {@code --dataset} of a run; without it {@code dataDir} is a folder of images
 * @param split with slices, as TFDS has them; {@code all} are all splits
 * @param output a name that ends in {@code .npy} or {@code .csv}
 * @param limits how long the export may take
 */
public record EmbedSettings(
    Path export,
    Optional<String> dataset,
    Optional<Path> dataDir,
    String split,
    int batchSize,
    Path output,
    TimeLimits limits) {

  /** Checks what can be checked without looking. */
  public EmbedSettings {
    if (dataset.isEmpty() && dataDir.isEmpty()) {
      throw new UserException(
          ExitCode.USAGE, "--data_dir is missing, expected a folder of images, or --dataset too");
    }
    if (batchSize < 1 || batchSize > 4096) {
      throw new UserException(ExitCode.USAGE, "--batch_size is %s, expected 1 to 4096", batchSize);
    }
    String name = output.toString();
    if (!name.endsWith(".npy") && !name.endsWith(".csv")) {
      throw new UserException(
          ExitCode.USAGE, "--output is %s, expected a name that ends in .npy or .csv", output);
    }
  }

  /** The flags of a run that evaluates the same images. */
  RunConfig asRun(int imageSize) {
    Map<String, String> flags = new LinkedHashMap<>();
    flags.put("dataset", dataset.orElseGet(() -> "folder:" + dataDir.orElseThrow()));
    dataDir.ifPresent(dir -> flags.put("data_dir", dir.toString()));
    flags.put("eval_split", split);
    flags.put("eval_batch_size", Integer.toString(batchSize));
    flags.put("image_size", Integer.toString(imageSize));
    return RunConfig.of(flags);
  }

  /** The folder that names of images start from, if the data set is one. */
  Optional<Path> folder() {
    String prefix = "folder:";
    return dataset.isEmpty()
        ? dataDir
        : dataset
            .filter(d -> d.startsWith(prefix))
            .map(d -> LocalPath.of(d.substring(prefix.length()), "--dataset"));
  }
}
