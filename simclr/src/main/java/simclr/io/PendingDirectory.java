package simclr.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import simclr.config.UserException;

/**
 * A directory that appears whole or not at all: filled beside its place, then renamed. Closed
 * without {@link #publish}, it leaves nothing; killed, it leaves a directory that the next one of
 * the same name removes.
 */
public final class PendingDirectory implements AutoCloseable {
  private final Path target;
  private final TemporaryName aside;
  private final Sync sync;
  private Publication publication = Publication.NONE;

  private enum Publication {
    NONE,
    /** It has its name, and whether that lasts is not known. */
    UNCONFIRMED,
    DONE
  }

  /** Makes a rename last. */
  interface Sync {
    void directoryOf(Path path) throws IOException;
  }

  private PendingDirectory(Path target, TemporaryName aside, Sync sync) {
    this.target = target;
    this.aside = aside;
    this.sync = sync;
  }

  /**
   * Begins a directory; its parents are made.
   *
   * @throws UserException CANNOT_WRITE, naming it
   */
  public static PendingDirectory begin(Path target) {
    return begin(target, DurableFiles::syncDirectoryOf);
  }

  static PendingDirectory begin(Path target, Sync sync) {
    Path absolute = target.toAbsolutePath().normalize();
    try {
      Files.createDirectories(absolute.resolveSibling(".").normalize());
      PendingDirectory directory =
          new PendingDirectory(absolute, TemporaryName.forDirectory(absolute), sync);
      try {
        Files.createDirectory(directory.path());
        return directory;
      } catch (IOException e) {
        directory.close();
        throw e;
      }
    } catch (IOException e) {
      throw DurableFiles.unwritable(target, e);
    }
  }

  /** Removes what killed processes left of a directory. */
  public static void removeAbandoned(Path target) {
    Path absolute = target.toAbsolutePath().normalize();
    removeAbandoned(
        absolute.resolveSibling("."), Pattern.compile(Pattern.quote("" + absolute.getFileName())));
  }

  /**
   * Removes what killed processes left of directories with other names.
   *
   * @param targets what those names match
   */
  public static void removeAbandoned(Path parent, Pattern targets) {
    TemporaryName.removeAbandoned(parent, targets);
  }

  /**
   * Whether a directory is there whose process was killed, or told of a failure, when it had its
   * name already. Whoever is asked for the same directory may replace it.
   */
  public static boolean isUnconfirmed(Path target) {
    return TemporaryName.isUnconfirmed(target.toAbsolutePath().normalize());
  }

  /** Where files go until then. */
  public Path path() {
    return aside.path();
  }

  /**
   * Brings everything to the disk and gives the directory its name; one that has the name already
   * is deleted.
   *
   * @throws UserException CANNOT_WRITE, naming it; what stood there still does
   */
  public void publish() {
    try {
      for (Path path : deepestFirst()) {
        if (Files.isDirectory(path)) {
          DurableFiles.syncDirectoryOf(path.resolve("any"));
        } else {
          DurableFiles.sync(path);
        }
      }
      boolean replaces = Files.exists(target);
      if (replaces) {
        Files.move(target, aside.former());
      }
      try {
        aside.announce();
        rename();
      } catch (IOException e) {
        if (replaces && publication == Publication.NONE) {
          Files.move(aside.former(), target);
        }
        throw e;
      }
      aside.confirm();
      publication = Publication.DONE;
    } catch (IOException e) {
      throw DurableFiles.unwritable(target, e);
    }
  }

  /** Who is told of a failure tries again, and must not find the name taken. */
  private void rename() throws IOException {
    Files.move(path(), target);
    publication = Publication.UNCONFIRMED;
    try {
      sync.directoryOf(target);
    } catch (IOException e) {
      Files.move(target, path());
      publication = Publication.NONE;
      throw e;
    }
  }

  @Override
  public void close() {
    try {
      switch (publication) {
        case NONE -> removeAside();
        case UNCONFIRMED -> aside.abandon();
        case DONE -> removeAfterPublication();
      }
    } catch (IOException e) {
      throw DurableFiles.unwritable(target, e);
    }
  }

  private void removeAside() throws IOException {
    try (TemporaryName name = aside) {
      DurableFiles.deleteTree(name.path());
    }
  }

  /** The result is there: what cannot be removed now is left to the next process. */
  private void removeAfterPublication() {
    try (TemporaryName name = aside) {
      DurableFiles.deleteTree(name.former());
    } catch (IOException e) {
      // As above.
    }
  }

  private List<Path> deepestFirst() throws IOException {
    try (Stream<Path> tree = Files.walk(path())) {
      return tree.sorted(Comparator.reverseOrder()).toList();
    }
  }
}
