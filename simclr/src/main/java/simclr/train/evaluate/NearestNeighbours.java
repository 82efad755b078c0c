package simclr.train.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReduceSum;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.op.nn.TopK;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.graph.GraphOps;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;
import simclr.parallel.Devices;

/**
 * Says during a pretraining whether it learns: what the nearest training images, by the cosine of
 * h, say about the images of the evaluation split. Weights come from the checkpoint just saved into
 * a graph of its own, so that the training's bits do not depend on it.
 */
public final class NearestNeighbours {
  /** Neighbours that vote, each with weight exp(cosine / 0.1). */
  private static final int NEIGHBOURS = 20;

  private static final float TEMPERATURE = 0.1f;

  /** Training images among which neighbours are looked for, taken evenly from the split. */
  private static final int BANK = 10_000;

  private final RunConfig config;
  private final Split bank;
  private final Split queries;
  private final long everySteps;

  private NearestNeighbours(RunConfig config, Split bank, Split queries, long everySteps) {
    this.config = config;
    this.bank = bank;
    this.queries = queries;
    this.everySteps = everySteps;
  }

  /**
   * What the flags ask for.
   *
   * @param train what is trained on
   * @param evaluation what is asked, where it is open already
   * @param epochSteps steps of an epoch
   * @return empty without {@code --online_knn_epochs}
   * @throws UserException USAGE if images have no labels
   */
  public static Optional<NearestNeighbours> of(
      RunConfig config, Split train, Optional<Split> evaluation, long epochSteps) {
    if (config.onlineKnn().onlineKnnEpochs() == 0) {
      return Optional.empty();
    }
    Split queries = evaluation.orElseGet(() -> DataSource.of(config).open(config.evalSplit()));
    for (Split split : List.of(train, queries)) {
      if (!split.labelled()) {
        throw new UserException(
            ExitCode.USAGE,
            "--online_knn_epochs is %s and split %s has no labels, expected labelled images or 0",
            config.onlineKnn().onlineKnnEpochs(),
            split.name());
      }
    }
    return Optional.of(
        new NearestNeighbours(
            config,
            train.subsample(BANK),
            queries,
            config.onlineKnn().onlineKnnEpochs() * epochSteps));
  }

  /** Whether a multiple of the epochs lies behind {@code before} and not behind {@code now}. */
  public boolean due(long before, long now) {
    return now / everySteps > before / everySteps;
  }

  /** How it is measured, for the log. */
  public String words() {
    return String.format(
        Locale.ROOT,
        "%d neighbours by cosine of h among %d training images, weight exp(cosine / %s), %d images of %s",
        NEIGHBOURS,
        bank.examples(),
        TEMPERATURE,
        queries.examples(),
        queries.name());
  }

  /** Share of the evaluation split that is named right, 0 to 1. */
  public float top1(CheckpointFile weights) {
    Features known = features(weights, bank);
    Features asked = features(weights, queries);
    return vote(known, asked);
  }

  private record Features(List<float[]> rows, List<Long> labels) {}

  private Features features(CheckpointFile weights, Split split) {
    try (RestoredModel model =
        RestoredModel.open(ModelSpec.over(split, config, split.numClasses()), weights)) {
      Operand<TFloat32> h = unitLength(model.tf(), model.outputs().endpoints().finalAvgPool());
      List<Operand<?>> wanted = List.of(h, model.graph().batch().labels());
      List<float[]> rows = new ArrayList<>();
      List<Long> labels = new ArrayList<>();
      while (rows.size() < split.examples()) {
        try (Result result = model.next(wanted)) {
          rows.addAll(List.of(StdArrays.array2dCopyOf((TFloat32) result.get(0))));
          for (long label : StdArrays.array1dCopyOf((TInt64) result.get(1))) {
            labels.add(label);
          }
        }
      }
      return new Features(rows, labels);
    }
  }

  private float vote(Features known, Features asked) {
    int width = known.rows().get(0).length;
    int neighbours = Math.min(NEIGHBOURS, known.rows().size());
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Operand<TFloat32> bankRows =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(known.rows().size(), width)));
      Operand<TInt32> bankLabels =
          tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(known.rows().size())));
      Operand<TFloat32> rows =
          tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, width)));
      TopK<TFloat32, TInt32> nearest =
          tf.nn.topK(
              tf.linalg.matMul(rows, bankRows, MatMul.transposeB(true)),
              tf.constant(neighbours),
              TInt32.class);
      Operand<TFloat32> weights =
          tf.math.exp(tf.math.div(nearest.values(), tf.constant(TEMPERATURE)));
      Operand<TFloat32> votes =
          tf.oneHot(
              tf.gather(bankLabels, nearest.indices(), tf.constant(0)),
              tf.constant(bank.numClasses()),
              tf.constant(1f),
              tf.constant(0f));
      Operand<TFloat32> counted =
          tf.reduceSum(tf.math.mul(votes, tf.expandDims(weights, tf.constant(-1))), tf.constant(1));
      Operand<TInt32> named = tf.math.argMax(counted, tf.constant(1), TInt32.class);
      int[] labels = known.labels().stream().mapToInt(Long::intValue).toArray();
      try (Session session = new Session(graph, Devices.sessionConfig(config));
          TFloat32 all =
              TFloat32.tensorOf(StdArrays.ndCopyOf(known.rows().toArray(new float[0][])));
          TInt32 classes = TInt32.vectorOf(labels)) {
        int right = 0;
        for (int from = 0; from < asked.rows().size(); from += config.evalBatchSize()) {
          int to = Math.min(asked.rows().size(), from + config.evalBatchSize());
          float[][] some = asked.rows().subList(from, to).toArray(new float[0][]);
          try (TFloat32 fed = TFloat32.tensorOf(StdArrays.ndCopyOf(some));
              Result result =
                  session
                      .runner()
                      .feed(bankRows, all)
                      .feed(bankLabels, classes)
                      .feed(rows, fed)
                      .fetch(named)
                      .run()) {
            int[] answers = StdArrays.array1dCopyOf((TInt32) result.get(0));
            for (int i = 0; i < answers.length; i++) {
              right += answers[i] == asked.labels().get(from + i) ? 1 : 0;
            }
          }
        }
        return (float) right / asked.rows().size();
      }
    }
  }

  private static Operand<TFloat32> unitLength(Ops tf, Operand<TFloat32> h) {
    Operand<TFloat32> squared =
        tf.reduceSum(tf.math.square(h), tf.constant(-1), ReduceSum.keepDims(true));
    return tf.math.mul(h, tf.math.rsqrt(tf.math.maximum(squared, tf.constant(1e-12f))));
  }
}
