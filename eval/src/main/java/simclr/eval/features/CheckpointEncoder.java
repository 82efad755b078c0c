package simclr.eval.features;

import static java.util.Objects.requireNonNull;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.Lists;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.Architecture;
import simclr.checkpoint.CheckpointFile;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.eval.record.EncoderInfo;
import simclr.export.bundle.HostTensor;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec.Part;
import simclr.model.Variables.Variable;

/** The model of the flags, filled from a checkpoint or left as training would start. */
final class CheckpointEncoder implements FrozenEncoder {
  private static final int READ_AT_ONCE = 32;

  private final EncoderInfo identity;
  private final RestoredModel model;
  private final ImmutableMap<String, Operand<TFloat32>> outputs;

  private CheckpointEncoder(EncoderInfo identity, RestoredModel model) {
    this.identity = identity;
    this.model = model;
    this.outputs = outputs(model.tf(), model.outputs());
  }

  /**
   * Restores a checkpoint.
   *
   * @throws simclr.config.UserException DATA, with the first rows of the table, if it is of another
   *     model
   */
  static CheckpointEncoder restored(RunConfig config, CheckpointFile file, Reporter reporter) {
    Architecture found = Architecture.of(file);
    int classes = config.wantsSupervisedHead() ? found.numClasses() : 0;
    EncoderInfo identity =
        EncoderInfo.of(
            EncoderInfo.Kind.CHECKPOINT,
            Optional.of(file.prefix().toString()),
            Optional.of(CheckpointFile.sha256(file.prefix())),
            OptionalLong.of(file.step()),
            Optional.of(found.toString()));
    return new CheckpointEncoder(
        identity, RestoredModel.open(ModelSpec.fedSquare(config, classes), file, reporter::line));
  }

  /** The weights that training with the seed of the flags starts from; without one, seed 0. */
  static CheckpointEncoder initial(RunConfig config) {
    RestoredModel model = RestoredModel.initial(ModelSpec.fedSquare(config, 0));
    Architecture architecture =
        Architecture.of(model.variables().all().stream().map(Variable::spec).toList());
    EncoderInfo identity =
        EncoderInfo.of(
            EncoderInfo.Kind.RANDOM_INIT,
            Optional.empty(),
            Optional.of(digest(model)),
            OptionalLong.of(0),
            Optional.of(architecture.toString()));
    return new CheckpointEncoder(identity, model);
  }

  private static ImmutableMap<String, Operand<TFloat32>> outputs(
      Ops tf, SimClrModel.Outputs model) {
    List<Operand<TFloat32>> groups = model.endpoints().blockGroups();
    int projections = model.projections().size() - 1;
    List<Operand<TFloat32>> values = new ArrayList<>();
    groups.forEach(group -> values.add(tf.math.mean(group, tf.array(1, 2))));
    values.addAll(model.projections());
    Map<String, Operand<TFloat32>> named = new LinkedHashMap<>();
    ImmutableList<String> names = Layers.of(groups.size(), projections);
    for (int i = 0; i < names.size(); i++) {
      named.put(names.get(i), values.get(i));
    }
    return ImmutableMap.copyOf(named);
  }

  @Override
  public EncoderInfo identity() {
    return identity;
  }

  @Override
  public ImmutableList<String> layers() {
    return outputs.keySet().asList();
  }

  @Override
  public int imageSize() {
    return model.spec().config().imageSize();
  }

  @Override
  public String digest() {
    return digest(model);
  }

  private static String digest(RestoredModel model) {
    Hasher hasher = Hashing.sha256().newHasher();
    // The classifier is not part of what is measured.
    List<Variable> measured =
        model.variables().all().stream()
            .filter(variable -> variable.spec().part() != Part.SUPERVISED_HEAD)
            .toList();
    // Each run with other fetches prepares the whole graph anew; all at once are the model twice.
    for (List<Variable> group : Lists.partition(measured, READ_AT_ONCE)) {
      Session.Runner runner = model.session().runner();
      group.forEach(variable -> runner.fetch(variable.value()));
      try (Result result = runner.run()) {
        for (int i = 0; i < group.size(); i++) {
          hasher.putString(group.get(i).spec().checkpointKey(), StandardCharsets.UTF_8);
          byte[] bytes = new byte[Math.toIntExact(result.get(i).numBytes())];
          result.get(i).asRawTensor().data().read(bytes);
          hasher.putBytes(bytes);
        }
      }
    }
    return hasher.hash().toString();
  }

  @Override
  public ImmutableMap<String, String> facts() {
    return ImmutableMap.of(
        "variables",
        "all weights and moving statistics of encoder and projection head",
        "batch_norm",
        "moving statistics");
  }

  @Override
  public List<HostTensor.Floats> encode(TFloat32 batch, List<String> layers) {
    List<Operand<TFloat32>> wanted =
        layers.stream().map(layer -> requireNonNull(outputs.get(layer))).toList();
    try (Result result = model.run(batch, wanted)) {
      ImmutableList.Builder<HostTensor.Floats> values = ImmutableList.builder();
      for (int i = 0; i < layers.size(); i++) {
        values.add((HostTensor.Floats) HostTensor.of(result.get(i)));
      }
      return values.build();
    }
  }

  @Override
  public void close() {
    model.close();
  }
}
