package simclr.export.serve;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.regex.Pattern;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.TimeLimits;

/**
 * What a server is told.
 *
 * @param modelDir base directory with numbered versions, or one version's directory
 * @param modelName as in {@code /v1/models/NAME}
 * @param port on the loopback interface; 0 takes a free one
 * @param maxBatchSize images that are computed together
 * @param batchTimeout how long an image waits for others before its batch is run
 * @param maxEnqueuedBatches batches that may wait; beyond, requests are refused
 * @param poll interval of polling for new versions
 * @param maxBodyBytes longest request
 * @param allowedHosts names under which it answers beside those of the loopback interface
 * @param limits how long a version may take to load, and for a batch
 */
public record ServeSettings(
    Path modelDir,
    String modelName,
    int port,
    int maxBatchSize,
    Duration batchTimeout,
    int maxEnqueuedBatches,
    Duration poll,
    long maxBodyBytes,
    ImmutableList<String> allowedHosts,
    TimeLimits limits) {
  private static final Pattern NAME = Pattern.compile("[\\w.-]+");

  /** Names, values and ranges as the command's flags have them. */
  public ServeSettings {
    check(
        NAME.matcher(modelName).matches(),
        "--model_name is \"%s\", expected letters, digits, _, . and -",
        modelName);
    check(port >= 0 && port < 1 << 16, "--port is %s, expected 0 to 65535", port);
    check(
        maxBatchSize >= 1 && maxBatchSize <= 4096,
        "--max_batch_size is %s, expected 1 to 4096",
        maxBatchSize);
    check(
        !batchTimeout.isNegative() && batchTimeout.compareTo(Duration.ofMinutes(1)) <= 0,
        "--batch_timeout_micros is %s, expected 0 to 60000000",
        batchTimeout.dividedBy(ChronoUnit.MICROS.getDuration()));
    check(
        maxEnqueuedBatches >= 1 && maxEnqueuedBatches <= 1000,
        "--max_enqueued_batches is %s, expected 1 to 1000",
        maxEnqueuedBatches);
    check(
        !poll.isNegative() && !poll.isZero(),
        "--file_system_poll_wait_seconds is %s, expected more than 0",
        poll.toMillis() / 1000.0);
    check(
        maxBodyBytes >= 1 && maxBodyBytes <= 1L << 30,
        "--max_body_mib is %s, expected 1 to 1024",
        maxBodyBytes >> 20);
    AllowedHosts.requireNames(allowedHosts);
  }

  /** The defaults, which the command's flags have too. */
  public static ServeSettings of(Path modelDir) {
    return new ServeSettings(
        modelDir,
        "simclr",
        8501,
        32,
        Duration.ofMillis(2),
        16,
        Duration.ofSeconds(1),
        64L << 20,
        ImmutableList.of(),
        TimeLimits.DEFAULT);
  }

  /** The same on another port. */
  public ServeSettings onPort(int other) {
    return new ServeSettings(
        modelDir,
        modelName,
        other,
        maxBatchSize,
        batchTimeout,
        maxEnqueuedBatches,
        poll,
        maxBodyBytes,
        allowedHosts,
        limits);
  }

  /** The names under which the server answers. */
  AllowedHosts hosts() {
    return new AllowedHosts(allowedHosts);
  }

  private static void check(boolean holds, String template, Object value) {
    if (!holds) {
      throw new UserException(ExitCode.USAGE, template, value);
    }
  }
}
