package simclr.tools;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.compare.ModelComparison;
import simclr.eval.compare.PermutationTest;
import simclr.eval.metrics.Bootstrap;

/** {@code compare}: whether two models differ on the same test examples. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Tests whether two models differ, from what each answered to the same test examples:"
          + " McNemar's exact test, the permutation test of the paper (appendix B.8), and the"
          + " difference with a bootstrap interval.",
      "Evaluations of other examples are refused."
    })
final class CompareCommand implements Callable<Integer> {
  private final Main main;

  @Parameters(
      index = "0",
      paramLabel = "<A>",
      description = "Directory of an evaluation, or its predictions.csv.")
  private Path first = Path.of("");

  @Parameters(
      index = "1",
      paramLabel = "<B>",
      description = "Evaluation of another model on the same examples, given as <A>.")
  private Path second = Path.of("");

  @Option(
      names = "--permutations",
      paramLabel = "<int>",
      description = "Random exchanges of the permutation test. Default: ${DEFAULT-VALUE}.")
  private int permutations = PermutationTest.PERMUTATIONS;

  @Option(
      names = "--bootstrap_samples",
      paramLabel = "<int>",
      description = "Samples behind an interval. Default: ${DEFAULT-VALUE}.")
  private int samples = Bootstrap.SAMPLES;

  @Option(
      names = "--seed",
      paramLabel = "<long>",
      description = "Seed of exchanges and samples. Default: ${DEFAULT-VALUE}.")
  private long seed;

  CompareCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() {
    checkEnough("--permutations", permutations);
    checkEnough("--bootstrap_samples", samples);
    ModelComparison result =
        ModelComparison.of(
            first, second, new Bootstrap(seed, samples), new PermutationTest(permutations, seed));
    if (main.json()) {
      main.out().println(result.json());
    } else {
      result.lines().forEach(main.out()::println);
    }
    return ExitCode.OK.status();
  }

  private static void checkEnough(String flag, int count) {
    if (count < 100 || count > 10_000_000) {
      throw new UserException(ExitCode.USAGE, "%s is %s, expected 100 to 10000000", flag, count);
    }
  }
}
