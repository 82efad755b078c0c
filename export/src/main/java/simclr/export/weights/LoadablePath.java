package simclr.export.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import simclr.checkpoint.bundle.Bundle;
import simclr.checkpoint.bundle.BundleFiles;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * A SavedModel as TensorFlow may load it. Its loader trusts the index of the variables, so that is
 * checked first; and it takes some characters of a path for wildcards, so that a directory with
 * such a name is given to it by a link. The link is needed only while the model is loaded.
 */
public final class LoadablePath implements AutoCloseable {
  private static final String WILDCARDS = "*?[]{}\\";

  private final Path path;
  private final Optional<Path> holder;

  private LoadablePath(Path path, Optional<Path> holder) {
    this.path = path;
    this.holder = holder;
  }

  /**
   * Checks the variables of a SavedModel.
   *
   * @throws UserException DATA if they are damaged, CANNOT_WRITE if a link is needed and cannot be
   *     made
   */
  public static LoadablePath of(Path directory) {
    Path variables = SavedModelFile.variables(directory);
    if (Files.exists(BundleFiles.index(variables))) {
      Bundle.open(variables);
    }
    return hasWildcards(directory)
        ? linked(directory)
        : new LoadablePath(directory, Optional.empty());
  }

  /** What to give to TensorFlow. */
  public Path path() {
    return path;
  }

  @Override
  public void close() {
    holder.ifPresent(
        directory -> {
          try {
            Files.deleteIfExists(path);
            Files.deleteIfExists(directory);
          } catch (IOException e) {
            throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be deleted (%s)", path, e);
          }
        });
  }

  private static boolean hasWildcards(Path path) {
    return path.toString().chars().anyMatch(c -> WILDCARDS.indexOf(c) >= 0);
  }

  private static LoadablePath linked(Path directory) {
    try {
      Path holder = Files.createTempDirectory("simclr-model-");
      LoadablePath link = new LoadablePath(holder.resolve("model"), Optional.of(holder));
      try {
        if (hasWildcards(holder)) {
          throw new IOException("java.io.tmpdir has such a character too");
        }
        Files.createSymbolicLink(link.path, directory.toAbsolutePath());
        return link;
      } catch (IOException | UnsupportedOperationException e) {
        link.close();
        throw e;
      }
    } catch (IOException | UnsupportedOperationException e) {
      throw new UserException(
          ExitCode.CANNOT_WRITE,
          "%s has one of the characters %s in its name, and a link without them cannot be made"
              + " (%s)",
          directory,
          WILDCARDS,
          e);
    }
  }
}
