package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
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
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.ArchitectureGuess;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.RestoreReport;
import simclr.checkpoint.Restorer;
import simclr.config.RunConfig;
import simclr.data.Batch;
import simclr.export.bundle.HostTensor;
import simclr.export.savedmodel.Sha256;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.Variables.Variable;
import simclr.parallel.Devices;
import simclr.train.InferenceGraph;
import simclr.train.Reporter;

/** The model of the flags, filled from a checkpoint or left as training would start. */
final class CheckpointEncoder implements FrozenEncoder {
  /** The classifier is no part of what is measured. */
  private static final String HEAD = "model/supervised_head/";

  private final RunConfig config;
  private final EncoderIdentity identity;
  private final InferenceGraph graph;
  private final Operand<TFloat32> images;
  private final ImmutableMap<String, Operand<TFloat32>> outputs;
  private final Session session;

  private CheckpointEncoder(
      RunConfig config,
      EncoderIdentity identity,
      InferenceGraph graph,
      Operand<TFloat32> images,
      ImmutableMap<String, Operand<TFloat32>> outputs,
      Session session) {
    this.config = config;
    this.identity = identity;
    this.graph = graph;
    this.images = images;
    this.outputs = outputs;
    this.session = session;
  }

  /**
   * Restores a checkpoint.
   *
   * @throws simclr.config.UserException DATA, with the first rows of the table, if it is of another
   *     model
   */
  static CheckpointEncoder restored(RunConfig config, CheckpointFile file, Reporter reporter) {
    ArchitectureGuess found = ArchitectureGuess.of(file);
    int classes = config.wantsSupervisedHead() ? Math.toIntExact(found.classes().orElse(0)) : 0;
    EncoderIdentity identity =
        new EncoderIdentity(
            EncoderIdentity.Kind.CHECKPOINT,
            Optional.of(file.prefix().toString()),
            Optional.of(Sha256.ofData(file.prefix())),
            OptionalLong.of(file.step()),
            Optional.of(found.toString()));
    return build(config, classes, identity, Optional.of(file), reporter);
  }

  /** The weights that training with the seed of the flags starts from; without one, seed 0. */
  static CheckpointEncoder initial(RunConfig config, Reporter reporter) {
    EncoderIdentity identity =
        new EncoderIdentity(
            EncoderIdentity.Kind.RANDOM_INIT,
            Optional.empty(),
            Optional.empty(),
            OptionalLong.of(0),
            Optional.empty());
    CheckpointEncoder encoder = build(config, 0, identity, Optional.empty(), reporter);
    String architecture =
        ArchitectureGuess.of(
                encoder.graph.state().variables().all().stream().map(Variable::spec).toList())
            .toString();
    return new CheckpointEncoder(
        config,
        new EncoderIdentity(
            identity.kind(),
            identity.path(),
            Optional.of(encoder.digest()),
            identity.step(),
            Optional.of(architecture)),
        encoder.graph,
        encoder.images,
        encoder.outputs,
        encoder.session);
  }

  private static CheckpointEncoder build(
      RunConfig config,
      int classes,
      EncoderIdentity identity,
      Optional<CheckpointFile> file,
      Reporter reporter) {
    List<Placeholder<TFloat32>> images = new ArrayList<>();
    int size = config.imageSize();
    InferenceGraph graph =
        InferenceGraph.build(
            config,
            classes,
            config.seed().orElse(0L),
            tf -> {
              Shape shape = Shape.of(Shape.UNKNOWN_SIZE, size, size, 3);
              images.add(tf.placeholder(TFloat32.class, Placeholder.shape(shape)));
              return new Batch(images.get(0), tf.constant(new long[0]));
            });
    Ops tf = GraphOps.of(graph.graph());
    Restorer restorer = Restorer.build(tf, graph.state().variables());
    ImmutableMap<String, Operand<TFloat32>> outputs = outputs(tf, graph.outputs());
    Session session = new Session(graph.graph(), Devices.sessionConfig(config));
    CheckpointEncoder encoder =
        new CheckpointEncoder(config, identity, graph, images.get(0), outputs, session);
    try {
      graph.initialize(session);
      file.ifPresent(
          found -> {
            RestoreReport report = restorer.restore(session, found, config.partial());
            reporter.line(report.complete() ? report.summary() : report.table());
          });
      return encoder;
    } catch (RuntimeException e) {
      encoder.close();
      throw e;
    }
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
  public EncoderIdentity identity() {
    return identity;
  }

  @Override
  public ImmutableList<String> layers() {
    return outputs.keySet().asList();
  }

  @Override
  public int imageSize() {
    return config.imageSize();
  }

  @Override
  public String digest() {
    Hasher hasher = Hashing.sha256().newHasher();
    for (Variable variable : graph.state().variables().all()) {
      String key = variable.spec().checkpointKey();
      if (!key.startsWith(HEAD)) {
        hasher.putString(key, StandardCharsets.UTF_8);
        try (Result result = session.runner().fetch(variable.value()).run()) {
          byte[] bytes = new byte[Math.toIntExact(result.get(0).numBytes())];
          result.get(0).asRawTensor().data().read(bytes);
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
    Session.Runner runner = session.runner().feed(images, batch);
    layers.forEach(layer -> runner.fetch(outputs.get(layer)));
    try (Result result = runner.run()) {
      ImmutableList.Builder<HostTensor.Floats> values = ImmutableList.builder();
      for (int i = 0; i < layers.size(); i++) {
        values.add((HostTensor.Floats) HostTensor.of(result.get(i)));
      }
      return values.build();
    }
  }

  @Override
  public void close() {
    session.close();
    graph.close();
  }
}
