package simclr.eval.probe.logistic;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import simclr.config.Reporter;
import simclr.eval.probe.ProbeCheckpoint;
import simclr.eval.probe.logistic.Logreg.Tried;

/**
 * How far the choice of a penalty has come: {@code rows} of the result, {@code last} and {@code
 * best} parameters, as float64, big endian, in base64.
 */
final class SweepProgress {
  private final ProbeCheckpoint kept;
  private final List<Tried> rows;
  private Optional<double[]> last;
  private Optional<Best> best;

  private SweepProgress(
      ProbeCheckpoint kept, List<Tried> rows, Optional<double[]> last, Optional<Best> best) {
    this.kept = kept;
    this.rows = rows;
    this.last = last;
    this.best = best;
  }

  /** As it is kept. */
  private record State(List<Tried> rows, String last, BestState best) {}

  private record BestState(double l2, double figure, String parameters) {}

  /** The best value so far. */
  static final class Best {
    private final double l2;
    private final double figure;
    private final double[] parameters;

    private Best(double l2, double figure, double[] parameters) {
      this.l2 = l2;
      this.figure = figure;
      this.parameters = parameters;
    }

    double l2() {
      return l2;
    }

    /** On validation examples, 0 to 1. */
    double figure() {
      return figure;
    }

    /** Of its fit. */
    double[] parameters() {
      return parameters;
    }
  }

  /**
   * What was kept, or the beginning.
   *
   * @param values how many there will be
   */
  static SweepProgress of(ProbeCheckpoint kept, int values, Reporter reporter) {
    Optional<State> found = kept.read(State.class, "l2 is chosen from the start", reporter);
    if (found.isEmpty()) {
      return new SweepProgress(kept, new ArrayList<>(), Optional.empty(), Optional.empty());
    }
    State state = found.get();
    reporter.line(
        String.format(
            Locale.ROOT, "l2: resuming after %d of %d values", state.rows().size(), values));
    return new SweepProgress(
        kept,
        new ArrayList<>(state.rows()),
        Optional.of(parameters(state.last())),
        Optional.of(
            new Best(
                state.best().l2(), state.best().figure(), parameters(state.best().parameters()))));
  }

  /** How many values were tried. */
  int done() {
    return rows.size();
  }

  /** A row for each value, as the result holds them. */
  List<Tried> rows() {
    return rows;
  }

  /** Parameters of the last fit, from which the next one starts. */
  Optional<double[]> last() {
    return last;
  }

  Optional<Best> best() {
    return best;
  }

  /**
   * Adds a value, the best one if its figure is above all before, and saves it if it is time to.
   */
  void add(Tried row, double figure, double[] parameters) {
    rows.add(row);
    last = Optional.of(parameters);
    if (best.isEmpty() || figure > best.get().figure()) {
      best = Optional.of(new Best(row.l2(), figure, parameters));
    }
    if (kept.due()) {
      save();
    }
  }

  /**
   * Brings what there is to the disk.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  void save() {
    if (best.isEmpty() || last.isEmpty()) {
      return;
    }
    Best found = best.get();
    kept.save(
        new State(
            rows,
            base64(last.get()),
            new BestState(found.l2(), found.figure(), base64(found.parameters()))));
  }

  private static String base64(double[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
    Arrays.stream(values).forEach(bytes::putDouble);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  private static double[] parameters(String base64) {
    byte[] bytes = Base64.getDecoder().decode(base64);
    double[] values = new double[bytes.length / Double.BYTES];
    ByteBuffer.wrap(bytes).asDoubleBuffer().get(values);
    return values;
  }
}
