package simclr.eval.record;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import simclr.eval.metrics.Measures;
import simclr.eval.metrics.Metric;

/**
 * The record of an evaluation: what {@code result.json} of a probe and {@code evaluation.json} of a
 * training hold. {@link RecordJson} is their format.
 *
 * @param procedure how it was made
 * @param representation what was evaluated
 * @param splits on which examples
 * @param measures what came out
 * @param details what the protocol tells beside it, such as the penalties that it tried; and, in
 *     what was read, whatever this version does not know
 * @param provenance where the record comes from
 */
public record EvaluationRecord(
    Procedure procedure,
    Representation representation,
    Splits splits,
    Measures measures,
    Map<String, @Nullable Object> details,
    Provenance provenance) {
  /** The name in the directory of a probe's result. */
  public static final String FILE = "result.json";

  /**
   * Reads a file.
   *
   * @throws simclr.config.UserException NO_INPUT if it cannot be read, DATA if it is broken
   */
  public static EvaluationRecord read(Path file) {
    return RecordJson.read(file);
  }

  /**
   * Replaces a file.
   *
   * @throws simclr.config.UserException CANNOT_WRITE
   */
  public void write(Path file) {
    RecordJson.write(file, RecordJson.of(this));
  }

  /** One object on one line. */
  public String json() {
    return RecordJson.of(this).toString();
  }

  /** The name of the protocol; {@code evaluation} where there is none. */
  public String protocol() {
    return Optional.ofNullable(procedure.protocol()).orElse("evaluation");
  }

  public Optional<String> layer() {
    return Optional.ofNullable(representation.layer());
  }

  public Optional<EncoderInfo> encoder() {
    return Optional.ofNullable(representation.encoder());
  }

  public Optional<String> dataset() {
    return Optional.ofNullable(splits.dataset());
  }

  public Optional<SplitInfo> train() {
    return Optional.ofNullable(splits.train());
  }

  public Optional<SplitInfo> test() {
    return Optional.ofNullable(splits.test());
  }

  /** A figure, if it was measured. */
  public Optional<Metric> metric(String name) {
    return measures.metric(name);
  }

  /** What was verified under a name. */
  public Optional<String> trust(String name) {
    return Optional.ofNullable(provenance.trust()).map(trust -> trust.get(name));
  }

  /** All but when, by what and with which flags it was made. */
  EvaluationRecord withoutCircumstances() {
    return new EvaluationRecord(
        procedure,
        representation,
        splits,
        measures,
        details,
        new Provenance(provenance.trust(), provenance.seed(), null, null, null));
  }

  /** Whether two records are of the same evaluation, made at whatever time and place. */
  public boolean sameResult(EvaluationRecord other) {
    return withoutCircumstances().equals(other.withoutCircumstances());
  }

  /** Names and values without the tables of classes; inner values under {@code outer.inner}. */
  public ImmutableMap<String, String> pairs() {
    return RecordJson.pairs(this);
  }
}
