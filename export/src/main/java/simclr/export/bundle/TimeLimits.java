package simclr.export.bundle;

import com.google.common.base.Throwables;
import com.google.common.util.concurrent.ThreadFactoryBuilder;
import com.google.common.util.concurrent.Uninterruptibles;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import org.tensorflow.proto.RunOptions;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * How long a model may take that came from elsewhere: a graph that only computes can do so for
 * ever. Zero sets no limit.
 *
 * @param load for restoring the variables and for what the model runs when it is loaded
 * @param run for one batch of a signature
 */
public record TimeLimits(Duration load, Duration run) {
  /** Ten minutes to load, an hour for a batch. */
  public static final TimeLimits DEFAULT =
      new TimeLimits(Duration.ofMinutes(10), Duration.ofHours(1));

  /** What TensorFlow may need to stop once its time is over; after that nobody waits for it. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private static final long LONGEST_SECONDS = 1_000_000;

  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          new ThreadFactoryBuilder().setNameFormat("model-%d").setDaemon(true).build());

  /** Values and ranges as the flags of commands have them. */
  public TimeLimits {
    check("--load_timeout_seconds", load);
    check("--run_timeout_seconds", run);
  }

  /** From the flags {@code --load_timeout_seconds} and {@code --run_timeout_seconds}. */
  public static TimeLimits ofSeconds(long load, long run) {
    return new TimeLimits(Duration.ofSeconds(load), Duration.ofSeconds(run));
  }

  /** What asks TensorFlow to stop by itself. */
  static RunOptions options(Duration limit) {
    return RunOptions.newBuilder().setTimeoutInMs(limit.toMillis()).build();
  }

  /** Makes the exception for work that is late. */
  interface Late {
    /**
     * The exception.
     *
     * @param running whether TensorFlow is still at it
     */
    RuntimeException failure(boolean running);
  }

  /**
   * Does the work on another thread and waits for it for its time. Work that does not stop when it
   * is told to goes on as long as it likes: a computation within TensorFlow cannot be ended from
   * outside.
   */
  static <T> T within(Duration limit, Callable<T> work, Late late) {
    long start = System.nanoTime();
    try {
      return limit.isZero()
          ? work.call()
          : Objects.requireNonNull(
              Uninterruptibles.getUninterruptibly(THREADS.submit(work), limit.plus(GRACE)));
    } catch (TimeoutException e) {
      throw late.failure(true);
    } catch (Exception e) {
      // Told to stop, TensorFlow fails.
      if (!limit.isZero() && System.nanoTime() - start >= limit.toNanos()) {
        throw late.failure(false);
      }
      Throwable cause =
          e instanceof ExecutionException ? Objects.requireNonNullElse(e.getCause(), e) : e;
      Throwables.throwIfUnchecked(cause);
      throw new IllegalStateException(cause);
    }
  }

  private static void check(String flag, Duration value) {
    if (value.isNegative() || value.toSeconds() > LONGEST_SECONDS) {
      throw new UserException(
          ExitCode.USAGE,
          "%s is %s, expected 0 (no limit) to %s",
          flag,
          value.toSeconds(),
          LONGEST_SECONDS);
    }
  }
}
