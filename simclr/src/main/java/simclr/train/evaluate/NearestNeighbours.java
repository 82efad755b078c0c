package simclr.train.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.inference.ModelSpec;
import simclr.inference.RestoredModel;
import simclr.inference.WeightedKnn;

/**
 * Says during a pretraining whether it learns: what the nearest training images, by the cosine of
 * h, say about the images of the evaluation split. Weights come from the checkpoint just saved into
 * a graph of its own, so that the training's bits do not depend on it.
 */
public final class NearestNeighbours {
  /** Neighbours that vote, each with weight exp(cosine / 0.1). */
  private static final int NEIGHBOURS = 20;

  private static final double TEMPERATURE = 0.1;

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
        "%d neighbours by cosine of h among %d training images, weight exp(cosine / %s), %d images"
            + " of %s",
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
      Operand<TFloat32> h = model.outputs().endpoints().finalAvgPool();
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
    int neighbours = Math.min(NEIGHBOURS, known.rows().size());
    try (WeightedKnn knn =
        WeightedKnn.of(
            WeightedKnn.Rows.of(known.rows()),
            row -> known.labels().get(row).intValue(),
            bank.numClasses(),
            List.of(neighbours),
            OptionalDouble.of(TEMPERATURE))) {
      WeightedKnn.Rows queries = WeightedKnn.Rows.of(asked.rows());
      int right = 0;
      for (int from = 0; from < queries.rows(); from += knn.batch()) {
        int count = Math.min(knn.batch(), queries.rows() - from);
        float[] votes = knn.votes(queries, from, count).get(0);
        for (int i = 0; i < count; i++) {
          right += best(votes, i) == asked.labels().get(from + i) ? 1 : 0;
        }
      }
      return (float) right / queries.rows();
    }
  }

  /** The class with the most votes, the lowest of equal ones. */
  private int best(float[] votes, int row) {
    int classes = bank.numClasses();
    int best = 0;
    for (int c = 1; c < classes; c++) {
      if (votes[row * classes + c] > votes[row * classes + best]) {
        best = c;
      }
    }
    return best;
  }
}
