package simclr.tools;

import com.google.common.base.Throwables;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.tensorflow.exceptions.TFResourceExhaustedException;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import simclr.config.Quoted;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * The one place where errors become words and exit codes.
 *
 * <p>What the user can mend is one sentence on standard error. Everything else is a bug of ours and
 * keeps its stack trace.
 */
final class Failures {
  /** Flags of the reference's TF1 program that its documented commands still carry. */
  private static final Map<String, String> TF1_FLAGS =
      Map.of(
          "--train_summary_steps",
          "leave it out: summaries are written with every checkpoint (--checkpoint_steps,"
              + " --checkpoint_epochs)",
          "--variable_schema",
          "leave it out: --checkpoint takes the model's weights only, --zero_init_logits_layer=True"
              + " starts the head anew and --partial accepts a checkpoint that lacks variables");

  private final PrintWriter err;
  private final BooleanSupplier verbose;

  Failures(PrintWriter err, BooleanSupplier verbose) {
    this.err = err;
    this.verbose = verbose;
  }

  /** Prints what was wrong with the arguments. */
  int usage(ParameterException error) {
    // A setter's UserException arrives wrapped.
    return error.getCause() instanceof UserException cause
        ? report(cause)
        : report(new UserException(ExitCode.USAGE, "%s", sentence(error)));
  }

  /** Prints any other error and returns the process status for it. */
  int report(Throwable error) {
    if (error instanceof UserException userError) {
      return say(message(userError), userError, userError.exitCode());
    }
    if (error instanceof OutOfMemoryError) {
      return say(
          String.format(
                  Locale.ROOT,
                  "out of memory (%s; the Java heap may grow to %s MiB), expected smaller batches or a",
                  error.getMessage(),
                  Runtime.getRuntime().maxMemory() >> 20)
              + " larger heap: SIMCLR_JAVA_OPTS=-Xmx8g",
          error,
          ExitCode.INTERNAL);
    }
    // An export's failure (ModelFailure) has it as its cause.
    if (Throwables.getRootCause(error) instanceof TFResourceExhaustedException) {
      return say(
          String.format(
                  Locale.ROOT,
                  "TensorFlow has no memory left (%s), expected a smaller --train_batch_size,",
                  firstLine(error))
              + " --eval_batch_size, --batch_size or model, or a device with more memory",
          error,
          ExitCode.INTERNAL);
    }
    Optional<NativeLibrary> library = NativeLibrary.problem(error);
    if (library.isPresent()) {
      return say(library.get().sentence(), error, library.get().exitCode());
    }
    err.println("simclr: this is a bug of ours; please report it with the lines below");
    error.printStackTrace(err);
    return ExitCode.INTERNAL.status();
  }

  /**
   * What becomes of a command's status when its result could not be written.
   *
   * @param status of the command itself
   */
  int output(StandardOutput output, int status) {
    if (status != ExitCode.OK.status() || output.failure().isEmpty()) {
      return status;
    }
    if (output.pipeIsClosed()) {
      return StandardOutput.CLOSED_PIPE;
    }
    IOException failure = output.failure().get();
    return say(
        String.format(
            Locale.ROOT,
            "standard output cannot be written (%s), expected room for the result",
            message(failure)),
        failure,
        ExitCode.CANNOT_WRITE);
  }

  private int say(String sentence, Throwable error, ExitCode code) {
    err.println("simclr: " + sentence);
    if (verbose.getAsBoolean()) {
      error.printStackTrace(err);
    }
    return code.status();
  }

  private static String sentence(ParameterException error) {
    if (error instanceof UnmatchedArgumentException unmatched) {
      return unknown(unmatched.getUnmatched().get(0), error.getCommandLine());
    }
    if (error instanceof MissingParameterException missing) {
      return missing.getMissing().stream().map(Failures::missing).collect(Collectors.joining("; "));
    }
    return firstLine(error);
  }

  private static String missing(ArgSpec arg) {
    String name =
        arg instanceof OptionSpec option ? option.longestName() : "argument " + arg.paramLabel();
    return String.format(
        Locale.ROOT, "%s is missing or has no value, expected %s", name, arg.paramLabel());
  }

  private static String unknown(String word, CommandLine commandLine) {
    String command = commandLine.getCommandName();
    Set<String> commands = commandLine.getSubcommands().keySet();
    String flag = Quoted.of(word.replaceFirst("(?s)=.*", ""));
    if (TF1_FLAGS.containsKey(flag)) {
      return String.format(
          Locale.ROOT, "%s is a flag of the TF1 program only; %s", flag, TF1_FLAGS.get(flag));
    }
    if (!flag.startsWith("-") && !commands.isEmpty()) {
      return String.format(
              Locale.ROOT, "%s is not a command%s", flag, DidYouMean.hint(flag, commands))
          + expectedOneOf(commands, flag);
    }
    if (!flag.startsWith("-")) {
      return String.format(
          Locale.ROOT, "\"%s\" is not a flag of %s, expected --flag=value only", word, command);
    }
    boolean aheadOfCommand =
        !commands.isEmpty()
            && RunConfig.flags().stream()
                .map(f -> "--" + RunConfig.flagName(f))
                .anyMatch(flag::equals);
    if (aheadOfCommand) {
      return String.format(
          Locale.ROOT, "%s stands before the command, expected simclr COMMAND %s", flag, word);
    }
    List<String> names =
        commandLine.getCommandSpec().options().stream()
            .flatMap(option -> List.of(option.names()).stream())
            .filter(name -> name.startsWith("--"))
            .toList();
    return String.format(
        Locale.ROOT, "%s is not a flag of %s%s", flag, command, DidYouMean.hint(flag, names));
  }

  private static String expectedOneOf(Collection<String> commands, String word) {
    return DidYouMean.nearest(word, commands).isPresent()
        ? ""
        : ", expected one of " + String.join(", ", commands);
  }

  private static String firstLine(Throwable error) {
    return message(error).lines().findFirst().orElse("");
  }

  private static String message(Throwable error) {
    return Objects.requireNonNullElse(error.getMessage(), error.getClass().getSimpleName());
  }
}
