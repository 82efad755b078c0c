package simclr.eval.record;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.metrics.Measures;
import simclr.eval.metrics.Predictions;

/**
 * What an evaluation left in its directory: {@code result.json} and {@code predictions.csv}.
 *
 * @param path as the user named it
 * @param record empty where only the predictions are there
 * @param predictions empty where the evaluation kept none
 */
public record StoredEvaluation(
    Path path, Optional<EvaluationRecord> record, Optional<Predictions> predictions) {

  /**
   * Reads an evaluation.
   *
   * @param path its directory, or its {@code predictions.csv}
   * @throws UserException NO_INPUT if there is no such path or it holds neither file, DATA if one
   *     is broken
   */
  public static StoredEvaluation read(Path path) {
    if (!Files.exists(path)) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s is not there, expected the directory of an evaluation or its %s",
          path,
          Predictions.FILE);
    }
    if (!Files.isDirectory(path)) {
      // A file of another name may lie anywhere: the record beside it need not be its own.
      Optional<EvaluationRecord> own =
          path.endsWith(Predictions.FILE)
              ? record(path.toAbsolutePath().resolveSibling(EvaluationRecord.FILE))
              : Optional.empty();
      return new StoredEvaluation(path, own, Optional.of(Predictions.read(path)));
    }
    Path predictions = path.resolve(Predictions.FILE);
    Optional<EvaluationRecord> record = record(path.resolve(EvaluationRecord.FILE));
    if (record.isEmpty() && !Files.exists(predictions)) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s holds neither %s nor %s, expected the directory of an evaluation",
          path,
          EvaluationRecord.FILE,
          Predictions.FILE);
    }
    return new StoredEvaluation(
        path,
        record,
        Files.exists(predictions) ? Optional.of(Predictions.read(predictions)) : Optional.empty());
  }

  private static Optional<EvaluationRecord> record(Path file) {
    return Files.exists(file) ? Optional.of(EvaluationRecord.read(file)) : Optional.empty();
  }

  /**
   * Its predictions, which a comparison cannot do without.
   *
   * @throws UserException DATA if examples have several classes, NO_INPUT if there are none
   */
  public Predictions requiredPredictions() {
    if (record.map(EvaluationRecord::measures).filter(Measures::isMultiLabel).isPresent()) {
      throw new UserException(
          ExitCode.DATA,
          "%s is the evaluation of a multi-label set by 11-point mAP, expected one of examples with"
              + " one label each, whose answers %s holds",
          path,
          Predictions.FILE);
    }
    return predictions.orElseThrow(
        () ->
            new UserException(
                ExitCode.NO_INPUT,
                "%s holds no %s, expected what was answered to each test example",
                path,
                Predictions.FILE));
  }

  /**
   * SHA-256 of the test split, if the record has one. One over features tells encoders apart, not
   * examples, and is left out.
   */
  public Optional<String> testHash() {
    return testHashOf().orElse("").contains("features")
        ? Optional.empty()
        : record.flatMap(EvaluationRecord::test).map(SplitInfo::sha256);
  }

  /** What {@link #testHash} is of: hashes of different things say nothing about each other. */
  public Optional<String> testHashOf() {
    return record.flatMap(EvaluationRecord::test).map(SplitInfo::sha256Of);
  }

  /** What was measured in a few words, such as {@code logreg final_avg_pool, cifar10 test}. */
  public String summary() {
    String measured =
        String.join(
                " ",
                record.map(found -> found.procedure().protocol()).orElse(""),
                record.flatMap(EvaluationRecord::layer).orElse(""))
            .strip();
    String where =
        String.join(
                " ",
                record.flatMap(EvaluationRecord::dataset).orElse(""),
                record.flatMap(EvaluationRecord::test).map(SplitInfo::split).orElse(""))
            .strip();
    return measured.isEmpty() ? where : where.isEmpty() ? measured : measured + ", " + where;
  }
}
