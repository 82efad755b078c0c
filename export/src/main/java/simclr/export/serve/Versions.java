package simclr.export.serve;

import com.google.common.collect.ImmutableSortedMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.ExportDirectory;
import simclr.export.serve.ModelDescription.State;
import simclr.export.serve.ModelDescription.Status;

/**
 * The newest whole version of a model, and the look-out for newer ones.
 *
 * <p>A newer version is loaded and warmed beside the old one, then takes its place; the old one is
 * unloaded after its last request. A version that cannot be loaded is reported once, and tried
 * again only after it has changed. If the newest directory is taken away, the one before it
 * returns.
 */
final class Versions implements AutoCloseable {
  private final ServeSettings settings;
  private final Reporter reporter;
  private final Object swap = new Object();
  private ServedVersion current; // guarded by swap
  private String trouble = ""; // of the last look
  private final Map<Long, Failure> failures;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread lookout = new Thread(this::lookOut, "versions");

  private Versions(
      ServeSettings settings, Reporter reporter, ServedVersion first, Map<Long, Failure> failures) {
    this.settings = settings;
    this.reporter = reporter;
    this.current = first;
    this.failures = failures;
  }

  /**
   * A version that could not be loaded.
   *
   * @param stamp of its files at the time
   */
  private record Failure(String stamp, UserException error) {}

  /**
   * Loads the newest version that can be.
   *
   * @throws UserException if there is none, with the reason of the newest
   */
  static Versions open(ServeSettings settings, Reporter reporter) {
    Map<Long, Failure> failures = new ConcurrentSkipListMap<>();
    ImmutableSortedMap<Long, Path> there = there(settings.modelDir());
    ServedVersion first = better(settings, reporter, there, null, failures);
    if (first == null) {
      if (there.isEmpty()) {
        ExportDirectory.newest(settings.modelDir());
      }
      Failure newest = failures.get(there.lastKey());
      throw newest == null
          ? new UserException(ExitCode.NO_INPUT, "%s holds no export", settings.modelDir())
          : newest.error();
    }
    Versions versions = new Versions(settings, reporter, first, failures);
    if (!ExportDirectory.isVersion(settings.modelDir())) {
      versions.lookout.setDaemon(true);
      versions.lookout.start();
    }
    return versions;
  }

  /** The newest version, held for a request; the caller releases it. */
  ServedVersion acquire() {
    synchronized (swap) {
      current.acquire();
      return current;
    }
  }

  /** A certain version, held for a request, if that is the one that is served. */
  Optional<ServedVersion> acquire(long number) {
    ServedVersion version = acquire();
    if (version.number() == number) {
      return Optional.of(version);
    }
    version.release();
    return Optional.empty();
  }

  /** The version served and those that are broken. */
  SortedMap<Long, Status> statuses() {
    SortedMap<Long, Status> statuses = new TreeMap<>();
    failures.forEach(
        (number, failure) ->
            statuses.put(
                number, new Status(State.END, String.valueOf(failure.error().getMessage()))));
    statuses.put(served().number(), new Status(State.AVAILABLE, ""));
    return statuses;
  }

  /** Unloads, after the requests that hold the version. */
  @Override
  public void close() {
    closing.countDown();
    try {
      // A version that is being loaded is finished first, so that it is unloaded too.
      lookout.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    served().retire();
  }

  private ServedVersion served() {
    synchronized (swap) {
      return current;
    }
  }

  private void lookOut() {
    try {
      while (!closing.await(settings.poll().toNanos(), TimeUnit.NANOSECONDS)) {
        look();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this thread", e);
    }
  }

  private void look() {
    try {
      ServedVersion before = served();
      ImmutableSortedMap<Long, Path> there = there(settings.modelDir());
      failures.keySet().retainAll(there.keySet());
      ServedVersion next = better(settings, reporter, there, before, failures);
      if (next != null) {
        synchronized (swap) {
          current = next;
        }
        reporter.line(
            String.format(
                Locale.ROOT,
                "version %d answers now, version %d is unloaded after its last request",
                next.number(),
                before.number()));
        before.retire();
      }
    } catch (UserException e) {
      // The directory is gone or unreadable for now: what is loaded goes on.
      String message = String.valueOf(e.getMessage());
      if (!message.equals(trouble)) {
        reporter.line(message);
      }
      trouble = message;
    }
  }

  /** Loads the newest version that can be, unless that is the one served already. */
  private static @Nullable ServedVersion better(
      ServeSettings settings,
      Reporter reporter,
      ImmutableSortedMap<Long, Path> there,
      @Nullable ServedVersion served,
      Map<Long, Failure> failures) {
    for (Map.Entry<Long, Path> entry : there.descendingMap().entrySet()) {
      long number = entry.getKey();
      Path directory = entry.getValue();
      if (served != null && served.number() == number) {
        return null;
      }
      String stamp = stamp(directory);
      Failure failure = failures.get(number);
      if (failure != null && failure.stamp().equals(stamp)) {
        continue;
      }
      try {
        ServedVersion version = ServedVersion.load(number, directory, settings);
        failures.remove(number);
        return version;
      } catch (UserException e) {
        failures.put(number, new Failure(stamp, e));
        reporter.line(
            String.format(Locale.ROOT, "version %d is left out: %s", number, e.getMessage()));
      } catch (RuntimeException | OutOfMemoryError e) {
        if (served == null) {
          throw e;
        }
        UserException error =
            new UserException(ExitCode.INTERNAL, "%s cannot be loaded (%s)", directory, e);
        failures.put(number, new Failure(stamp, error));
        reporter.line(
            String.format(Locale.ROOT, "version %d is left out: %s", number, error.getMessage()));
      }
    }
    return null;
  }

  private static ImmutableSortedMap<Long, Path> there(Path modelDir) {
    return ExportDirectory.isVersion(modelDir)
        ? ImmutableSortedMap.of(ExportDirectory.number(modelDir), modelDir)
        : ExportDirectory.versions(modelDir);
  }

  private static String stamp(Path directory) {
    StringBuilder stamp = new StringBuilder();
    for (String file :
        new String[] {".", ExportDirectory.SAVED_MODEL, "variables", "assets.extra"}) {
      try {
        Path path = directory.resolve(file);
        stamp.append(Files.getLastModifiedTime(path)).append(' ').append(Files.size(path));
      } catch (IOException e) {
        stamp.append("absent");
      }
      stamp.append(' ');
    }
    return stamp.toString();
  }
}
