package simclr.inference;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.collect.ImmutableSortedMap;
import com.google.common.collect.Lists;
import com.google.common.collect.Maps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.bundle.BundleTensors;
import simclr.config.RunConfig;
import simclr.config.RunConfig.FrozenBn;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.Sha256;
import simclr.io.WholeFile;
import simclr.model.VariableSpec;
import simclr.model.VariableSpec.Kind;
import simclr.model.VariableSpec.Part;
import simclr.model.Variables.Variable;

/**
 * The encoder that a fine-tuning began with, as hashes of its variables, so that it can be shown
 * afterwards which of them changed. Kept in the run's directory from step 0 on.
 *
 * @param variables SHA-256 of the values, and whether they may change, by checkpoint key
 */
public record EncoderFingerprint(ImmutableSortedMap<String, Entry> variables) {
  /** The name in a run's directory. */
  static final String FILE = "encoder_before.json";

  private static final int READ_AT_ONCE = 32;

  /** One variable. */
  public record Entry(String sha256, boolean frozen) {}

  /**
   * What a comparison found.
   *
   * @param weightsBefore SHA-256 over all weights, by key
   * @param weightsAfter the same of the checkpoint
   * @param statisticsBefore SHA-256 over all moving statistics
   * @param statisticsAfter the same of the checkpoint
   * @param firstChangedWeight key; empty if none changed
   * @param firstChangedStatistic key; empty if none changed
   * @param firstBroken key of a variable that changed and was frozen; empty if there is none
   */
  public record Comparison(
      String weightsBefore,
      String weightsAfter,
      String statisticsBefore,
      String statisticsAfter,
      Optional<String> firstChangedWeight,
      Optional<String> firstChangedStatistic,
      Optional<String> firstBroken) {}

  /** Hashes the encoder of a training that is about to begin. */
  public static EncoderFingerprint of(RunConfig config, Collection<Variable> all, Session session) {
    List<Variable> encoder = all.stream().filter(v -> v.spec().part() == Part.ENCODER).toList();
    Set<String> trainedLayers = new HashSet<>();
    encoder.stream()
        .filter(v -> v.spec().trainable())
        .forEach(v -> trainedLayers.add(layer(v.spec().checkpointKey())));
    TreeMap<String, Entry> variables = new TreeMap<>();
    for (List<Variable> some : Lists.partition(encoder, READ_AT_ONCE)) {
      Session.Runner runner = session.runner();
      some.forEach(v -> runner.fetch(v.value()));
      try (Result result = runner.run()) {
        for (int i = 0; i < some.size(); i++) {
          VariableSpec spec = some.get(i).spec();
          boolean mayMove =
              config.frozenBn() == FrozenBn.MOVING
                  || trainedLayers.contains(layer(spec.checkpointKey()));
          boolean frozen = spec.kind().isStatistic() ? !mayMove : !spec.trainable();
          variables.put(spec.checkpointKey(), new Entry(sha256(result.get(i)), frozen));
        }
      }
    }
    return new EncoderFingerprint(ImmutableSortedMap.copyOfSorted(variables));
  }

  /**
   * The record of a run.
   *
   * @return empty in a directory of a pretraining, or of a run that began before there were records
   * @throws UserException DATA if it cannot be read
   */
  public static Optional<EncoderFingerprint> read(Path modelDir) {
    Path file = modelDir.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    TreeMap<String, Entry> variables = new TreeMap<>();
    try {
      JsonNode json = new ObjectMapper().readTree(WholeFile.bytes(file));
      json.path("variables")
          .properties()
          .forEach(
              each ->
                  variables.put(
                      each.getKey(),
                      new Entry(
                          each.getValue().path("sha256").asText(),
                          each.getValue().path("frozen").asBoolean())));
    } catch (IOException e) {
      throw new UserException(
          ExitCode.DATA, "%s cannot be read (%s), expected the record of a run", file, e);
    }
    return Optional.of(new EncoderFingerprint(ImmutableSortedMap.copyOfSorted(variables)));
  }

  /** Writes the record into the run's directory. */
  public void write(ModelDir modelDir) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ObjectNode all = json.putObject("variables");
    variables.forEach(
        (key, entry) ->
            all.putObject(key).put("sha256", entry.sha256()).put("frozen", entry.frozen()));
    modelDir.write(FILE, (json + "\n").getBytes(UTF_8));
  }

  /**
   * Hashes the encoder of a checkpoint and compares.
   *
   * @throws UserException DATA if the checkpoint lacks a variable or is corrupt or truncated
   */
  public Comparison compare(CheckpointFile checkpoint) {
    TreeMap<String, Entry> after = new TreeMap<>();
    for (List<String> some : Lists.partition(List.copyOf(variables.keySet()), READ_AT_ONCE)) {
      try (BundleTensors result =
          checkpoint.read(some.stream().map(CheckpointKeys::key).toList())) {
        for (int i = 0; i < some.size(); i++) {
          after.put(some.get(i), new Entry(sha256(result.get(i)), false));
        }
      }
    }
    Predicate<String> changed =
        key -> !Objects.equals(hash(variables.get(key)), hash(after.get(key)));
    Set<String> frozen = Maps.filterValues(variables, Entry::frozen).keySet();
    return new Comparison(
        total(variables, key -> !isStatistic(key)),
        total(after, key -> !isStatistic(key)),
        total(variables, EncoderFingerprint::isStatistic),
        total(after, EncoderFingerprint::isStatistic),
        first(changed.and(key -> !isStatistic(key))),
        first(changed.and(EncoderFingerprint::isStatistic)),
        first(changed.and(key -> frozen.contains(key))));
  }

  /**
   * Fails if a frozen variable has changed.
   *
   * @throws UserException INTERNAL, naming it
   */
  public void requireFrozen(CheckpointFile checkpoint) {
    compare(checkpoint)
        .firstBroken()
        .ifPresent(
            key -> {
              throw new UserException(
                  ExitCode.INTERNAL,
                  "%s has changed in %s, expected it as it was: it is frozen",
                  key,
                  checkpoint);
            });
  }

  private static @Nullable String hash(@Nullable Entry entry) {
    return entry == null ? null : entry.sha256();
  }

  private Optional<String> first(Predicate<String> wanted) {
    return variables.keySet().stream().filter(wanted).findFirst();
  }

  private static String total(Map<String, Entry> entries, Predicate<String> wanted) {
    return Sha256.ofText(
        entries.entrySet().stream()
            .filter(entry -> wanted.test(entry.getKey()))
            .map(entry -> entry.getKey() + " " + entry.getValue().sha256() + "\n")
            .collect(joining()));
  }

  private static boolean isStatistic(String key) {
    return key.endsWith("/" + Kind.MOVING_MEAN.attribute())
        || key.endsWith("/" + Kind.MOVING_VARIANCE.attribute());
  }

  private static String layer(String key) {
    return key.substring(0, key.lastIndexOf('/'));
  }

  /** Of the values as little-endian floats. */
  private static String sha256(Tensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.shape().size())];
    tensor.asRawTensor().data().asFloats().read(values);
    return Sha256.ofFloats(values);
  }
}
