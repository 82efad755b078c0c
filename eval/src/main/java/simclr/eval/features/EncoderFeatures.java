package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import simclr.checkpoint.CheckpointFile;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.eval.record.EncoderInfo;

/** Representations that an encoder makes of the splits of a data set; extracted once, then read. */
public final class EncoderFeatures implements FeatureSource {
  private static final String DIRECTORY = "features";

  private final RunConfig config;
  private final FrozenEncoder encoder;
  private final Optional<String> validationSplit;
  private final Optional<Path> evaluations;
  private final Path features;
  private final FeatureDtype dtype;
  private final String digest;

  private EncoderFeatures(
      RunConfig config,
      FrozenEncoder encoder,
      Optional<String> validationSplit,
      Optional<Path> evaluations,
      Path features,
      FeatureDtype dtype) {
    this.config = config;
    this.encoder = encoder;
    this.validationSplit = validationSplit;
    this.evaluations = evaluations;
    this.features = features;
    this.dtype = dtype;
    this.digest = encoder.digest();
  }

  /**
   * Opens what was chosen.
   *
   * @param reporter told what is taken
   * @throws UserException if the encoder is missing, broken or of another model than the flags say
   */
  public static EncoderFeatures open(EncoderChoice choice, Reporter reporter) {
    Optional<CheckpointFile> checkpoint = choice.checkpoint(reporter);
    RunConfig config = choice.config(checkpoint, reporter);
    Path features = choice.features();
    FrozenEncoder encoder =
        switch (choice.kind()) {
          case CHECKPOINT -> CheckpointEncoder.restored(config, checkpoint.orElseThrow(), reporter);
          case RANDOM_INIT -> CheckpointEncoder.initial(config);
          case RAW_PIXELS -> new PixelEncoder(config.imageSize());
          case EXPORT -> ExportedEncoder.of(choice.export().orElseThrow(), choice.limits());
          case FEATURES -> throw new IllegalArgumentException("ready features have no encoder");
        };
    RunConfig sized =
        config.with(ImmutableMap.of("image_size", Integer.toString(encoder.imageSize())));
    return new EncoderFeatures(
        sized, encoder, choice.validationSplit(), choice.evaluations(), features, choice.dtype());
  }

  /** The directory of cached features below another. */
  static Path below(Path directory) {
    return directory.resolve(DIRECTORY);
  }

  /** What makes the representations. */
  public EncoderInfo encoder() {
    return encoder.identity();
  }

  @Override
  public String label() {
    return encoder.identity().kind() == EncoderInfo.Kind.CHECKPOINT ? "" : kind();
  }

  @Override
  public String layer(Optional<String> asked) {
    String name = asked.orElse(layers().contains(Layers.H) ? Layers.H : layers().get(0));
    return Layers.resolve(name, layers(), description());
  }

  @Override
  public ImmutableList<String> layers() {
    return encoder.layers();
  }

  @Override
  public Optional<Path> defaultOutput(String name) {
    return evaluations.map(directory -> directory.resolve(name));
  }

  @Override
  public Map<String, ?> flags() {
    Map<String, @Nullable Object> flags = new LinkedHashMap<>(config.toFlags());
    flags.put("encoder", kind());
    flags.put("validation_split", validationSplit.orElse(null));
    flags.put("features_precision", dtype.name().toLowerCase(Locale.ROOT));
    return flags;
  }

  private String kind() {
    return encoder.identity().kind().label();
  }

  @Override
  public Optional<ImmutableList<FeatureSets>> load(
      List<String> layers, Reporter reporter, BooleanSupplier stop) {
    try {
      return extract(DataSource.of(config, stop), layers, reporter, stop);
    } catch (CancellationException e) {
      return Optional.empty();
    }
  }

  private Optional<ImmutableList<FeatureSets>> extract(
      DataSource source, List<String> layers, Reporter reporter, BooleanSupplier stop) {
    Split train = labelled(source, config.trainSplit());
    Optional<Split> validation = validationSplit.map(name -> labelled(source, name));
    Split test = labelled(source, config.evalSplit());
    if (train.examples() < train.numClasses()) {
      throw new UserException(
          ExitCode.DATA,
          "split %s has %s examples of %s classes, expected at least one of each",
          train.name(),
          train.examples(),
          train.numClasses());
    }
    List<Split> splits = new ArrayList<>(List.of(train, test));
    validation.ifPresent(splits::add);
    List<Extracted> extracted = new ArrayList<>();
    for (Split split : splits) {
      requireSameClasses(train, split);
      reporter.line(split.summary());
      Optional<Extracted> found = extract(split, layers, reporter, stop);
      if (found.isEmpty()) {
        return Optional.empty();
      }
      extracted.add(found.get());
    }
    ImmutableMap<String, String> trust = trust();
    ImmutableList.Builder<FeatureSets> sets = ImmutableList.builder();
    for (int layer = 0; layer < layers.size(); layer++) {
      int index = layer;
      sets.add(
          new FeatureSets(
              layers.get(layer),
              encoder.identity(),
              config.dataset(),
              extracted.get(0).of(index),
              validation.map(split -> extracted.get(2).of(index)),
              extracted.get(1).of(index),
              train.labelNames(),
              trust));
    }
    return Optional.of(sets.build());
  }

  @Override
  public void close() {
    encoder.close();
  }

  /** A split's features: a file for each layer. */
  private record Extracted(
      String name, DataDigest data, ImmutableList<Path> files, LabelledFeatures.Labels labels) {
    LabelledFeatures of(int layer) {
      return new LabelledFeatures(
          name, NpyExamples.features("cache", files.get(layer)), labels, data);
    }
  }

  private Optional<Extracted> extract(
      Split split, List<String> layers, Reporter reporter, BooleanSupplier stop) {
    DataDigest data = DataDigest.of(split);
    String key = FeatureCache.key(digest, data, split, config, dtype);
    try (FeatureCache cache = FeatureCache.open(features, split, key)) {
      ImmutableList<String> missing = cache.missing(layers);
      if (!missing.isEmpty()) {
        Extraction extraction =
            new Extraction(encoder, config, split, cache, dtype, reporter, stop);
        if (!extraction.run(missing, digest)) {
          return Optional.empty();
        }
      }
      return Optional.of(
          new Extracted(
              split.name(),
              data,
              layers.stream().map(cache::file).collect(ImmutableList.toImmutableList()),
              LabelledFeatures.Labels.of(NpyExamples.labels("cache", cache.labels()))));
    }
  }

  private ImmutableMap<String, String> trust() {
    ImmutableMap.Builder<String, String> trust = ImmutableMap.builder();
    String after = encoder.digest();
    trust.put("encoder_frozen", after.equals(digest) ? "verified" : "changed");
    trust.put("variables_sha256_before", digest);
    trust.put("variables_sha256_after", after);
    encoder.facts().forEach(trust::put);
    return trust.buildOrThrow();
  }

  private static void requireSameClasses(Split train, Split other) {
    if (!other.labelNames().equals(train.labelNames())) {
      throw new UserException(
          ExitCode.DATA,
          "split %s has %s classes and split %s %s, expected the same classes",
          other.name(),
          other.numClasses(),
          train.name(),
          train.numClasses());
    }
  }

  private static Split labelled(DataSource source, String name) {
    Split split = source.open(name);
    if (!split.labelled()) {
      throw new UserException(
          ExitCode.DATA,
          "split %s of %s has no labels, expected one class for each example: a probe learns them;"
              + " for sets with several, embed writes features for --train_labels and the like",
          split.name(),
          split.source());
    }
    return split;
  }

  private String description() {
    return Optional.ofNullable(encoder.identity().path()).orElse("--encoder=" + kind());
  }
}
