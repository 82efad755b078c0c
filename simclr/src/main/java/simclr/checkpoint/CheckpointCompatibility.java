package simclr.checkpoint;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import simclr.checkpoint.RestoreReport.Mismatch;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.model.VariableSpec.Part;
import simclr.model.Variables;
import simclr.model.Variables.Variable;

/** Decides whether a checkpoint fits well enough, and says why it does not. */
final class CheckpointCompatibility {
  private static final int ROWS = 5;

  private CheckpointCompatibility() {}

  /** Refuses a TF1 checkpoint, whose tensors go by names that this model does not have. */
  static void checkObjectBased(CheckpointFile file) {
    if (!file.isObjectBased()) {
      throw new UserException(
          ExitCode.DATA,
          "%s is a TF1 checkpoint (%s tensors under plain names), expected a TF2 object checkpoint:"
              + " tools/simclr convert --from=%s --to=tf2 --output=DIR makes one",
          file,
          file.tensors().size(),
          file);
    }
  }

  /**
   * Checks that everything asked for has been found.
   *
   * @param partial whether gaps are accepted; a file without any variable of the encoder never is
   * @param mayLack variables that the file need not have
   * @throws UserException DATA, with the first rows of the report
   */
  static void check(
      CheckpointFile file,
      RestoreReport report,
      Variables variables,
      boolean partial,
      List<String> mayLack) {
    Set<String> accepted = Set.copyOf(mayLack);
    List<String> missing =
        report.missing().stream().filter(path -> !accepted.contains(path)).toList();
    boolean fits = missing.isEmpty() && report.mismatched().isEmpty();
    if (fits
        || (partial && report.matched().stream().anyMatch(CheckpointCompatibility::ofEncoder))) {
      return;
    }
    throw new UserException(
        ExitCode.DATA,
        "%s is %s%s: %s%s\n%s",
        file,
        missing.stream().anyMatch(Restorer::ofModel) || !report.mismatched().isEmpty()
            ? "of another model"
            : "of another optimizer",
        architectures(file, variables),
        gaps(missing, report.mismatched()),
        partial ? ", and nothing of the encoder fits" : "; --partial takes what fits",
        report.table(ROWS));
  }

  private static String architectures(CheckpointFile file, Variables variables) {
    String found = Architecture.of(file).toString();
    String asked =
        Architecture.of(variables.all().stream().map(Variable::spec).collect(toImmutableList()))
            .toString();
    return found.equals(asked)
        ? ""
        : String.format(Locale.ROOT, " (%s; asked for is %s)", found, asked);
  }

  private static String gaps(List<String> missing, ImmutableList<Mismatch> mismatched) {
    List<String> parts = new ArrayList<>();
    if (!missing.isEmpty()) {
      parts.add(
          String.format(Locale.ROOT, "%d missing (first: %s)", missing.size(), missing.get(0)));
    }
    if (!mismatched.isEmpty()) {
      parts.add(
          String.format(
              Locale.ROOT,
              "%d of another shape (first: %s)",
              mismatched.size(),
              mismatched.get(0)));
    }
    return String.join(", ", parts);
  }

  private static boolean ofEncoder(String path) {
    return Part.ENCODER.holds(path) && !path.contains(CheckpointKeys.SLOT);
  }
}
