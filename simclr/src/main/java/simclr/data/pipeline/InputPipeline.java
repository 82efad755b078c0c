package simclr.data.pipeline;

import static com.google.common.base.Preconditions.checkState;

import com.google.common.base.Strings;
import com.google.common.collect.ImmutableList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.tensorflow.DeviceSpec;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.config.Composition.Branch;
import simclr.config.Composition.Transformation;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.augment.Augmentation;
import simclr.data.augment.ComposedViews;
import simclr.data.augment.EvaluationPreprocessing;
import simclr.data.image.ImageDecoding;
import simclr.data.image.ImageSizes;
import simclr.data.records.ExampleReader.Decoded;
import simclr.data.records.Split;
import simclr.graph.GraphOps;

/**
 * From stored examples to batches of views, all of it inside the graph: TensorFlow's own threads
 * read, decode, augment and batch ahead of the step that takes the batches.
 *
 * <p>The batch of a step is a function of settings, seed and step alone. It does not depend on the
 * number of threads, and a run that goes on at a step sees what it would have seen without
 * stopping.
 *
 * <p>One pipeline belongs to one graph. Native memory with the encoded examples is held until
 * {@link #close}.
 */
public final class InputPipeline implements AutoCloseable {
  /** How much memory batches may take that wait for their step. */
  private static final long AHEAD_BYTES = 256L << 20;

  private static final int MOST_AHEAD = 4;

  private final String name;
  private final Split split;
  private final ExampleSequence examples;
  private final int batchSize;
  private final int imageSize;
  private final Preparation preparation;
  private final int threads;
  private @Nullable Built built;

  private InputPipeline(
      String name,
      Split split,
      ExampleSequence examples,
      int batchSize,
      int imageSize,
      Preparation preparation,
      int threads) {
    this.name = name;
    this.split = split;
    this.examples = examples;
    this.batchSize = batchSize;
    this.imageSize = imageSize;
    this.preparation = preparation;
    this.threads = threads;
  }

  /** What {@link #build} left in the graph for {@link #start}. */
  private record Built(Operand<TInt64> start, UnaryOperator<Session.Runner> feeds, Op make) {}

  /**
   * From a decoded image to what the model gets; the views lie one behind the other in channels.
   */
  private sealed interface Preparation {
    int views();

    Operand<TFloat32> apply(Ops tf, Operand<TInt64> number, Decoded example);

    /** Batches of what {@link #apply} made, all of one size unless every example must be seen. */
    default Dataset batches(Dataset prepared, int size) {
      return prepared.fullBatches(size);
    }

    /** Whether images that have another size than the model's need a word to the user. */
    default boolean noticesOtherSizes() {
      return false;
    }
  }

  /** Random views. */
  private record Views(Augmentation augmentation, long seed, int views) implements Preparation {
    @Override
    public Operand<TFloat32> apply(Ops tf, Operand<TInt64> number, Decoded example) {
      Operand<TFloat32> image = ImageDecoding.toFloat(tf, example.image());
      Operand<TInt64> first = tf.math.mul(number, tf.constant(2L));
      ImmutableList.Builder<Operand<TFloat32>> all = ImmutableList.builder();
      for (int view = 0; view < views; view++) {
        Operand<TInt64> count = tf.math.add(first, tf.constant((long) view));
        Operand<TInt64> key = tf.stack(ImmutableList.of(tf.constant(seed), count));
        all.add(
            augmentation.apply(tf, image, augmentation.draw(tf, key, tf.shape(example.image()))));
      }
      List<Operand<TFloat32>> made = all.build();
      return views == 1 ? made.get(0) : tf.concat(made, tf.constant(-1));
    }
  }

  /** Two views for the study of augmentations. */
  private record Composed(ComposedViews composed, long seed) implements Preparation {
    @Override
    public int views() {
      return 2;
    }

    @Override
    public Operand<TFloat32> apply(Ops tf, Operand<TInt64> number, Decoded example) {
      Operand<TFloat32> image = ImageDecoding.toFloat(tf, example.image());
      return tf.concat(composed.build(tf, image, seed, number), tf.constant(-1));
    }
  }

  /** The image itself, at the size of the model. */
  private record Centre(int imageSize) implements Preparation {
    @Override
    public int views() {
      return 1;
    }

    @Override
    public Operand<TFloat32> apply(Ops tf, Operand<TInt64> number, Decoded example) {
      return EvaluationPreprocessing.apply(
          tf, ImageDecoding.toFloat(tf, example.image()), imageSize);
    }

    @Override
    public Dataset batches(Dataset prepared, int size) {
      return prepared.raggedBatches(size);
    }

    @Override
    public boolean noticesOtherSizes() {
      return !EvaluationPreprocessing.crops(imageSize);
    }
  }

  /**
   * Endless batches of {@code --train_batch_size}: in pretraining two random views of each image,
   * else one whose colours are left alone. Every epoch has every example once, in an order of its
   * own; batches run on across the end of an epoch.
   *
   * @param seed of order and views
   * @throws UserException if a batch is larger than the split; with {@code --cache_dataset}, also
   *     if an image cannot be decoded or the pixels do not fit into memory
   */
  public static InputPipeline training(Split split, RunConfig config, long seed) {
    return training(split, config, seed, cores());
  }

  /** The same with a given number of threads, on which nothing but speed depends. */
  static InputPipeline training(Split split, RunConfig config, long seed, int threads) {
    if (config.trainBatchSize() > split.examples()) {
      throw new UserException(
          ExitCode.USAGE,
          "--train_batch_size is %s, expected at most the %s examples of split %s",
          config.trainBatchSize(),
          split.examples(),
          split.name());
    }
    return new InputPipeline(
        "training",
        split,
        ExampleSequence.of(split, OptionalLong.of(seed), config.cacheDataset()),
        config.trainBatchSize(),
        config.imageSize(),
        preparation(config, seed),
        threads);
  }

  private static Preparation preparation(RunConfig config, long seed) {
    float jitter = (float) config.jitterStrength();
    ImmutableList<Transformation> chosen = config.composition().transformations();
    if (chosen.isEmpty()) {
      return new Views(
          new Augmentation(config.imageSize(), jitter), seed, config.pretraining() ? 2 : 1);
    }
    boolean both = config.composition().augmentBranch() == Branch.BOTH;
    return new Composed(new ComposedViews(config.imageSize(), jitter, chosen, both), seed);
  }

  /**
   * Batches of {@code --eval_batch_size}, once through the split in the order of its records; the
   * last one may be smaller. Behind it the next run ends with {@code TFOutOfRangeException}.
   *
   * @throws UserException with {@code --cache_dataset}, as {@link #training}
   */
  public static InputPipeline evaluation(Split split, RunConfig config) {
    return evaluation(split, config, cores());
  }

  /** The same with a given number of threads. */
  static InputPipeline evaluation(Split split, RunConfig config, int threads) {
    return new InputPipeline(
        "evaluation",
        split,
        ExampleSequence.of(split, OptionalLong.empty(), config.cacheDataset()),
        config.evalBatchSize(),
        config.imageSize(),
        new Centre(config.imageSize()),
        threads);
  }

  /**
   * Adds the pipeline to a graph, on its CPU.
   *
   * @return the next batch: each run of its operands takes one. No gradient passes it.
   */
  public Batch build(Ops tf) {
    checkState(built == null, "a pipeline belongs to one graph");
    Ops input =
        tf.withSubScope("input")
            .withDevice(
                DeviceSpec.newBuilder()
                    .deviceType(DeviceSpec.DeviceType.CPU)
                    .deviceIndex(0)
                    .build());
    Operand<TInt64> start = input.placeholder(TInt64.class, Placeholder.shape(Shape.scalar()));
    Shape image = Shape.of(imageSize, imageSize, 3L * preparation.views());
    ExampleSequence.Mapped mapped =
        examples.map(
            input,
            start,
            threads,
            Dataset.Element.of(TFloat32.class, image).and(TInt64.class, Shape.scalar()),
            (ops, number, example) ->
                ImmutableList.of(preparation.apply(ops, number, example), example.label()));
    Dataset batches = preparation.batches(mapped.dataset(), batchSize);
    Dataset.Iterator iterator = batches.prefetch(ahead(image)).iterator(name);
    built = new Built(start, mapped.feeds(), iterator.make());
    List<Output<?>> next = iterator.next();
    // The gradient of the loss is searched for through everything that is not behind a stop.
    return new Batch(
        input.stopGradient(next.get(0).expect(TFloat32.class)),
        input.stopGradient(next.get(1).expect(TInt64.class)));
  }

  /**
   * Starts, or starts again, at the batch of a step.
   *
   * @param session of the graph that {@link #build} was called for
   * @param firstStep how many batches to leave out; 0 to begin
   */
  public void start(Session session, long firstStep) {
    Built graph = built;
    checkState(graph != null, "build comes before start");
    try (TInt64 count = TInt64.scalarOf(Math.multiplyExact(firstStep, batchSize))) {
      Session.Runner runner = graph.feeds().apply(session.runner().feed(graph.start(), count));
      runner.addTarget(graph.make()).run().close();
    }
  }

  /**
   * What to tell the user when taking a batch failed: reads the examples of the batch one by one
   * until one cannot be read or decoded.
   *
   * @param failure of the run: a TensorFlowException or a TFInvalidArgumentException, which is none
   * @param step whose batch it was, counted as in {@link #start}
   * @return an error that names file or record; {@code failure} itself if all examples are whole,
   *     so that it came from elsewhere
   */
  public RuntimeException explain(RuntimeException failure, long step) {
    Optional<UserException> broken =
        examples.firstBroken(Math.multiplyExact(step, batchSize), batchSize);
    return broken.<RuntimeException>map(e -> e).orElse(failure);
  }

  /**
   * What to say before evaluating, where the reference would fail: up to 32 pixels it takes images
   * of {@code --image_size} only. Where sizes were not counted the first image stands for all.
   */
  public Optional<String> notice() {
    if (!preparation.noticesOtherSizes()) {
      return Optional.empty();
    }
    if (split.sizes().isPresent()) {
      ImageSizes sizes = split.sizes().get();
      long others = sizes.others(imageSize);
      return sizes
          .firstOther(imageSize)
          .map(
              size ->
                  others == split.examples() && sizes.counts().size() == 1
                      ? notice(String.format(Locale.ROOT, "images of %s pixels", size))
                      : notice(
                          String.format(
                              Locale.ROOT,
                              "%s of %s images (one has %s pixels)",
                              others,
                              split.examples(),
                              size)));
    }
    int[] size = firstSize();
    return size[0] == imageSize && size[1] == imageSize
        ? Optional.empty()
        : Optional.of(
            notice(String.format(Locale.ROOT, "images of %s x %s pixels", size[1], size[0])));
  }

  private String notice(String images) {
    return Strings.lenientFormat(
        "split %s: %s are resized to %s x %s for evaluation; the reference evaluates no other size"
            + " than --image_size up to %s",
        split.name(), images, imageSize, imageSize, EvaluationPreprocessing.LARGEST_UNCROPPED);
  }

  /** Height, width and channels of the first image. */
  private int[] firstSize() {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      ExampleSequence.Mapped mapped =
          examples.map(
              tf,
              tf.constant(0L),
              1,
              Dataset.Element.of(TInt32.class, Shape.of(3)),
              (ops, number, example) -> ImmutableList.of(ops.shape(example.image())));
      Dataset.Iterator iterator = mapped.dataset().iterator("size");
      try (Session session = new Session(graph)) {
        mapped.feeds().apply(session.runner()).addTarget(iterator.make()).run().close();
        try (Result result = session.runner().fetch(iterator.next().get(0)).run()) {
          return StdArrays.array1dCopyOf((TInt32) result.get(0));
        }
      } catch (TensorFlowException | TFInvalidArgumentException e) {
        throw explain(e, 0);
      }
    }
  }

  @Override
  public void close() {
    examples.close();
  }

  private int ahead(Shape image) {
    long batchBytes = image.size() * Float.BYTES * batchSize;
    return (int) Math.max(1, Math.min(MOST_AHEAD, AHEAD_BYTES / batchBytes));
  }

  private static int cores() {
    return Runtime.getRuntime().availableProcessors();
  }
}
