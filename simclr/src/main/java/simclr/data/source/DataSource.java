package simclr.data.source;

import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import simclr.config.LabelSubset;
import simclr.config.LocalPath;
import simclr.config.Quoted;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.NamedSubset;
import simclr.data.records.Split;
import simclr.data.records.StratifiedSubset;

/** A data set: named splits of images, with labels or without. */
public sealed interface DataSource permits TfdsDirectory, ImageFolder, Cifar10Binary, Synthetic {
  /**
   * The data set that {@code --dataset} names.
   *
   * @throws UserException if it does not exist or its description cannot be read
   */
  static DataSource of(RunConfig config) {
    return of(config, ScanStop.NEVER.wanted());
  }

  /**
   * The same, to be stopped while folders and files are looked through, here and in {@link #open}.
   *
   * @param wantedStop asked now and then, by several threads
   * @throws java.util.concurrent.CancellationException if it answered true
   */
  static DataSource of(RunConfig config, BooleanSupplier wantedStop) {
    ScanStop stop = new ScanStop(wantedStop);
    String dataset = config.dataset();
    if (Synthetic.isNamedBy(dataset)) {
      return Synthetic.of(dataset);
    } else if (dataset.startsWith("folder:")) {
      return ImageFolder.in(directory(dataset), stop);
    } else if (dataset.startsWith("cifar10_binary:")) {
      return Cifar10Binary.in(directory(dataset));
    }
    return TfdsDirectory.find(
        config.dataDir().map(dir -> LocalPath.of(dir, "--data_dir")), dataset, stop);
  }

  /**
   * Finds the examples of a split and checks them, as far as can be done without decoding pixels.
   *
   * @param split the name of a split, a slice of it, or several joined by {@code +}, as TFDS has
   *     them: {@code train}, {@code train[:90%]}, {@code train[100:200]+test}
   * @throws UserException if there is no such split, it is empty, or a file is missing or broken
   */
  Split open(String split);

  /**
   * Looks at every example of a split as {@link #open} does, and past those that are broken.
   *
   * @throws UserException if there is no such split, or a file is missing
   */
  Examined examine(String split);

  /**
   * The examples that the flags train on: {@code --train_split}, or that part of it that {@code
   * --train_subset} and {@code --label_fraction} leave. With a teacher the fraction leaves all
   * images and some of the labels.
   *
   * @throws UserException as {@link #open}; also if the subset does not fit the split
   */
  default Split openForTraining(RunConfig config) {
    LabelSubset part = config.labelSubset();
    Split split = open(config.trainSplit());
    if (part.trainSubset().isPresent()) {
      split = NamedSubset.of(split, LocalPath.of(part.trainSubset().get(), "--train_subset"));
    }
    if (part.labelFraction() < 1) {
      StratifiedSubset subset = StratifiedSubset.of(split, part.labelFraction(), part.subsetSeed());
      split = config.distillation().teacher().isPresent() ? subset.labelled() : subset.alone();
    }
    return split;
  }

  private static Path directory(String dataset) {
    int colon = dataset.indexOf(':');
    String directory = dataset.substring(colon + 1);
    if (directory.isBlank()) {
      throw new UserException(
          ExitCode.USAGE,
          "--dataset is \"%s\", expected %s:DIR",
          Quoted.of(dataset),
          dataset.substring(0, colon));
    }
    return LocalPath.of(directory, "--dataset");
  }
}
