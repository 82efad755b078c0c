package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.record.EncoderInfo;

/**
 * Features that any program wrote as {@code .npy}: matrices of rows; vectors of class indices, or
 * matrices of 0 and 1 where an example may have several classes.
 *
 * @param validation empty to carve one from training where one is needed
 */
public record PrecomputedFeatures(Files train, Optional<Files> validation, Files test)
    implements FeatureSource {

  /**
   * A set of examples.
   *
   * @param name of the set, as flags begin: {@code train}
   */
  public record Files(String name, Path features, Path labels) {
    /**
     * The two files that flags name.
     *
     * @return empty if neither is given
     * @throws UserException USAGE if one is given without the other
     */
    public static Optional<Files> of(String name, Optional<Path> features, Optional<Path> labels) {
      if (features.isPresent() != labels.isPresent()) {
        throw new UserException(
            ExitCode.USAGE,
            "--%s_%s is missing, expected a .npy file beside --%s_%s",
            name,
            features.isPresent() ? "labels" : "features",
            name,
            features.isPresent() ? "features" : "labels");
      }
      return features.map(file -> new Files(name, file, labels.orElseThrow()));
    }

    private LabelledFeatures read() {
      return new LabelledFeatures(
          features.toString(),
          NpyExamples.features("--" + name + "_features", features),
          NpyExamples.labelling("--" + name + "_labels", labels),
          DataDigest.ofContents(List.of(features, labels)));
    }
  }

  @Override
  public Optional<ImmutableList<FeatureSets>> load(
      List<String> layers, Reporter reporter, BooleanSupplier stop) {
    LabelledFeatures learn = train.read();
    Optional<LabelledFeatures> choose = validation.map(Files::read);
    return Optional.of(
        ImmutableList.of(
            new FeatureSets(
                READY,
                EncoderInfo.ofFeatures(train.features().toString()),
                train.features().toString(),
                learn,
                choose,
                test.read(),
                FeatureSets.numbered(LabelChecks.classesOf(learn)),
                ImmutableMap.of("encoder_frozen", "not known: features came ready"))));
  }

  @Override
  public ImmutableList<String> layers() {
    return ImmutableList.of(READY);
  }

  @Override
  public Optional<Path> defaultOutput(String name) {
    return Optional.empty();
  }

  @Override
  public Map<String, ?> flags() {
    Map<String, String> flags = new LinkedHashMap<>();
    add(flags, train);
    validation.ifPresent(files -> add(flags, files));
    add(flags, test);
    return flags;
  }

  @Override
  public String label() {
    return "";
  }

  @Override
  public String layer(Optional<String> asked) {
    return Layers.resolve(asked.orElse(READY), layers(), "--train_features");
  }

  @Override
  public void close() {}

  private static void add(Map<String, String> flags, Files files) {
    flags.put(files.name() + "_features", files.features().toString());
    flags.put(files.name() + "_labels", files.labels().toString());
  }
}
