package simclr.data;

import java.nio.file.Path;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** A data set: named splits of images, with labels or without. */
public sealed interface DataSource permits TfdsDirectory, Synthetic {

  /**
   * The data set that {@code --dataset} names.
   *
   * @throws UserException if it does not exist or its description cannot be read
   */
  static DataSource of(RunConfig config) {
    String dataset = config.dataset();
    if (Synthetic.isNamedBy(dataset)) {
      return Synthetic.of(dataset);
    }
    String dataDir =
        config
            .dataDir()
            .orElseThrow(
                () ->
                    new UserException(
                        ExitCode.USAGE,
                        "--data_dir is missing, expected the directory that holds the TFDS data set"
                            + " %s",
                        dataset));
    return TfdsDirectory.find(Path.of(dataDir), dataset);
  }

  /**
   * Finds the examples of a split and checks them, as far as can be done without decoding pixels.
   *
   * @param split the name of a split, a slice of it, or several joined by {@code +}, as TFDS has
   *     them: {@code train}, {@code train[:90%]}, {@code train[100:200]+test}
   * @throws UserException if there is no such split, it is empty, or a file is missing or broken
   */
  Split open(String split);
}
