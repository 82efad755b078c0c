package simclr.inference;

import static com.google.common.base.Preconditions.checkState;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.CheckpointKeys;
import simclr.checkpoint.RestoreReport;
import simclr.checkpoint.Restorer;
import simclr.checkpoint.bundle.BundleWriter;
import simclr.data.pipeline.Batch;
import simclr.data.pipeline.InputPipeline;
import simclr.graph.GraphOps;
import simclr.inference.ModelSpec.Images;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables;
import simclr.parallel.Devices;

/**
 * A model in inference mode with the weights of a checkpoint, ready to run. It owns its graph, its
 * session and its input; closing it frees them.
 *
 * <p>One thread at a time, except for {@link #run}.
 */
public final class RestoredModel implements AutoCloseable {
  private final ModelSpec spec;
  private final InferenceGraph graph;
  private final @Nullable InputPipeline input;
  private final Restorer restorer;
  private final Session session;
  private long batches;

  private RestoredModel(
      ModelSpec spec, InferenceGraph graph, @Nullable InputPipeline input, Session session) {
    this.spec = spec;
    this.graph = graph;
    this.input = input;
    this.restorer = Restorer.build(GraphOps.of(graph.graph()), graph.variables());
    this.session = session;
  }

  /**
   * Opens a model with the weights of a checkpoint. With {@code --partial}, what the checkpoint
   * lacks starts as in a training with the seed of the flags, 0 if they have none.
   *
   * @throws simclr.config.UserException DATA, with the first rows of the report, if the checkpoint
   *     does not fit or is corrupt
   */
  public static RestoredModel open(ModelSpec spec, CheckpointFile checkpoint) {
    return open(spec, checkpoint, line -> {});
  }

  /**
   * The same.
   *
   * @param say told how the checkpoint fits
   */
  public static RestoredModel open(
      ModelSpec spec, CheckpointFile checkpoint, Consumer<String> say) {
    RestoredModel model = unfilled(spec);
    try {
      say.accept(model.restore(checkpoint).text());
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Opens a model with the weights that a training with the seed of the flags starts from. */
  public static RestoredModel initial(ModelSpec spec) {
    RestoredModel model = unfilled(spec);
    try {
      model.graph.initialize(model.session);
      model.rewind();
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Opens a model whose variables hold nothing until {@link #restore} or the caller fills them. */
  public static RestoredModel unfilled(ModelSpec spec) {
    long seed = spec.config().seed().orElse(0L);
    if (spec.images() instanceof Images.OfSplit images) {
      InputPipeline input = InputPipeline.evaluation(images.split(), spec.config());
      return opened(spec, seed, input, input::build);
    }
    Images.Fed images = (Images.Fed) spec.images();
    return opened(
        spec,
        seed,
        null,
        tf ->
            new Batch(
                tf.placeholder(TFloat32.class, Placeholder.shape(images.shape())),
                tf.constant(new long[0])));
  }

  private static RestoredModel opened(
      ModelSpec spec, long seed, @Nullable InputPipeline input, Function<Ops, Batch> images) {
    InferenceGraph graph = InferenceGraph.build(spec.config(), spec.numClasses(), seed, images);
    Session session = new Session(graph.graph(), Devices.sessionConfig(spec.config()));
    return new RestoredModel(spec, graph, input, session);
  }

  /**
   * Takes the weights of another checkpoint, and begins again with the first batch.
   *
   * @return what was found and what was not
   * @throws simclr.config.UserException DATA, with the first rows of the report, if the checkpoint
   *     does not fit or is corrupt
   */
  public RestoreReport restore(CheckpointFile checkpoint) {
    boolean partial = spec.config().partial();
    if (partial) {
      graph.initialize(session);
    }
    RestoreReport report = restorer.restore(session, checkpoint, partial);
    rewind();
    return report;
  }

  /** What is to be said about the images of the split before they are run; empty without one. */
  public Optional<String> notice() {
    return input == null ? Optional.empty() : input.notice();
  }

  public ModelSpec spec() {
    return spec;
  }

  /** What can be fetched, by the names that exports give it. */
  public SimClrModel.Outputs outputs() {
    return graph.outputs();
  }

  public InferenceGraph graph() {
    return graph;
  }

  public Variables variables() {
    return graph.variables();
  }

  /** For adding operations: what is fetched may be computed from the outputs. */
  public Ops tf() {
    return GraphOps.of(graph.graph());
  }

  /** For what this class has no method for; it is closed with the model. */
  public Session session() {
    return session;
  }

  /**
   * Runs the model on a batch of images.
   *
   * @param images shape (n, height, width, 3), values in [0, 1]
   * @param wanted no operand twice
   * @return their values in the same order; the caller closes it
   */
  public Result run(TFloat32 images, List<? extends Operand<?>> wanted) {
    checkState(input == null, "the model takes its images from a split");
    Session.Runner runner = session.runner().feed(graph.batch().images(), images);
    wanted.forEach(runner::fetch);
    return runner.run();
  }

  /**
   * Runs the model on the next batch of the split.
   *
   * @param wanted no operand twice
   * @return their values in the same order; the caller closes it
   * @throws simclr.config.UserException if an image cannot be read or decoded
   */
  public Result next(List<? extends Operand<?>> wanted) {
    InputPipeline split = input;
    checkState(split != null, "the model takes its images from the caller");
    Session.Runner runner = session.runner();
    wanted.forEach(runner::fetch);
    try {
      Result result = runner.run();
      batches++;
      return result;
    } catch (TensorFlowException | TFInvalidArgumentException e) {
      throw split.explain(e, batches);
    }
  }

  /**
   * Writes {@code PREFIX.index} and {@code PREFIX.data-00000-of-00001} with the variables.
   *
   * @param keyOf the key of each
   * @param objectGraph serialised, written beside them where there is one
   * @throws simclr.config.UserException CANNOT_WRITE if the disk is full
   */
  public void writeVariables(
      Path prefix, Function<VariableSpec, String> keyOf, Optional<byte[]> objectGraph) {
    Ops tf = tf().withSubScope("export");
    Map<String, Operand<?>> values = new LinkedHashMap<>();
    variables().all().forEach(v -> values.put(keyOf.apply(v.spec()), v.value()));
    if (objectGraph.isPresent()) {
      try (TString tensor = TString.tensorOfBytes(NdArrays.scalarOfObject(objectGraph.get()))) {
        values.put(CheckpointKeys.OBJECT_GRAPH, tf.constantOf(tensor));
      }
    }
    BundleWriter.build(tf, values).write(session, prefix);
  }

  /** Begins again with the first batch of the split. */
  private void rewind() {
    if (input != null) {
      input.start(session, 0);
      batches = 0;
    }
  }

  @Override
  public void close() {
    session.close();
    graph.close();
    if (input != null) {
      input.close();
    }
  }
}
