package simclr.tools;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import simclr.export.bundle.TimeLimits;

/** How long an export may take: one from elsewhere may compute for ever. */
@Command
final class TimeLimitOptions {
  @Option(
      names = "--load_timeout_seconds",
      paramLabel = "<int>",
      description =
          "How long an export may take to load; 0 sets no limit. Default: ${DEFAULT-VALUE}.")
  private long loadSeconds = TimeLimits.DEFAULT.load().toSeconds();

  @Option(
      names = "--run_timeout_seconds",
      paramLabel = "<int>",
      description =
          "How long it may take for a batch of images; 0 sets no limit. Default: ${DEFAULT-VALUE}.")
  private long runSeconds = TimeLimits.DEFAULT.run().toSeconds();

  TimeLimits limits() {
    return TimeLimits.ofSeconds(loadSeconds, runSeconds);
  }
}
