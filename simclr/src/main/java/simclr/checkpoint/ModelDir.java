package simclr.checkpoint;

import com.google.common.collect.ImmutableList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.tensorflow.Session;
import simclr.checkpoint.StateFile.Kept;
import simclr.checkpoint.bundle.BundleFiles;
import simclr.config.LocalPath;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.DirectoryLock;
import simclr.io.DurableFiles;

/**
 * The directory of one run, laid out as the reference does: {@code checkpoint} (state file), {@code
 * ckpt-<step>.*}, {@code flags.json}, {@code result*.json}, event files, {@code
 * saved_model/<step>}.
 *
 * <p>One process at a time trains in it. A checkpoint is written aside, synced and renamed, then
 * the state file, then old checkpoints go: whenever a run is killed, the state file names whole
 * checkpoints. Reading needs no lock.
 */
public final class ModelDir implements AutoCloseable {
  private final Path path;
  private final int keepCheckpointMax;
  private final DirectoryLock lock;
  private final double openedAt = now();
  private final Set<String> broken = new HashSet<>();
  private OptionalLong newest = OptionalLong.empty();

  private ModelDir(Path path, int keepCheckpointMax, DirectoryLock lock) {
    this.path = path;
    this.keepCheckpointMax = keepCheckpointMax;
    this.lock = lock;
  }

  /**
   * Opens the directory for training, making it if need be, and clears what a killed save left.
   *
   * @param keepCheckpointMax checkpoints kept; 0 or less keeps all
   * @throws UserException IN_USE if a process trains in it, CANNOT_WRITE if it cannot be made
   */
  public static ModelDir lock(Path path, int keepCheckpointMax) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new UserException(ExitCode.CANNOT_WRITE, "--model_dir %s cannot be made (%s)", path, e);
    }
    ModelDir dir = new ModelDir(path, keepCheckpointMax, DirectoryLock.acquire(path));
    try {
      dir.deleteLeftovers();
      return dir;
    } catch (IOException e) {
      dir.close();
      throw new UserException(ExitCode.CANNOT_WRITE, "%s cannot be cleared (%s)", path, e);
    }
  }

  public Path path() {
    return path;
  }

  /**
   * The newest whole checkpoint, read through once.
   *
   * @param warn told of each broken checkpoint that is passed over, and of a missing state file
   * @return empty in a directory without checkpoints
   * @throws UserException DATA if there are checkpoints and none is whole
   */
  public Optional<CheckpointFile> latest(Consumer<String> warn) {
    Optional<CheckpointFile> found = CheckpointSearch.newestWhole(path, warn, broken::add);
    found.ifPresent(CheckpointCompatibility::checkObjectBased);
    newest = found.map(file -> OptionalLong.of(file.step())).orElse(OptionalLong.empty());
    return found;
  }

  /**
   * Saves {@code ckpt-<step>}, names it in the state file, then deletes the oldest beyond the
   * number to keep. Does nothing where the newest checkpoint is of this step already.
   *
   * @param step what the session's global step is
   * @throws UserException CANNOT_WRITE if the disk is full; checkpoints and state file are as they
   *     were
   */
  public void save(Session session, Saver saver, long step) {
    if (newest.equals(OptionalLong.of(step))) {
      return;
    }
    String name = "ckpt-" + step;
    try {
      deleteLeftovers();
      List<Kept> kept = keptBefore(name);
      saver.save(session, path.resolve(name));
      double last = kept.isEmpty() ? openedAt : kept.get(kept.size() - 1).timestamp();
      kept.add(new Kept(name, Math.max(now(), Math.nextUp(last))));
      int surplus = keepCheckpointMax > 0 ? Math.max(0, kept.size() - keepCheckpointMax) : 0;
      StateFile state =
          new StateFile(
              name,
              ImmutableList.copyOf(kept.subList(surplus, kept.size())),
              Math.min(lastPreserved(), Math.nextDown(kept.get(surplus).timestamp())));
      write(StateFile.NAME, state.text().getBytes(StandardCharsets.UTF_8));
      newest = OptionalLong.of(step);
      for (Kept old : kept.subList(0, surplus)) {
        delete(StateFile.prefix(path, old.name()));
      }
    } catch (IOException e) {
      throw new UserException(
          ExitCode.CANNOT_WRITE, "%s cannot be saved (%s)", path.resolve(name), e);
    }
  }

  /**
   * Replaces a file of this directory, such as {@code flags.json}, at once.
   *
   * @throws UserException CANNOT_WRITE, naming the file; it is as it was then
   */
  public void write(String name, byte[] bytes) {
    DurableFiles.write(path.resolve(name), bytes);
  }

  /** Lets other processes train here. */
  @Override
  public void close() {
    lock.close();
  }

  /**
   * The checkpoint that {@code --checkpoint} means, read through once.
   *
   * @param prefixOrDirectory as {@link #find} takes it, or a SavedModel, or a directory of versions
   *     of one
   * @param say told which checkpoint was taken, and of each broken one that was passed over
   * @throws UserException NO_INPUT if there is none, DATA if it is corrupt, truncated or not a TF2
   *     checkpoint
   */
  public static CheckpointFile resolve(String prefixOrDirectory, Consumer<String> say) {
    return resolve("--checkpoint", prefixOrDirectory, say);
  }

  /**
   * The same for another flag.
   *
   * @param flag names it in messages
   */
  public static CheckpointFile resolve(
      String flag, String prefixOrDirectory, Consumer<String> say) {
    Optional<Path> savedModel =
        prefixOrDirectory.isEmpty()
            ? Optional.empty()
            : SavedModelVariables.find(LocalPath.of(prefixOrDirectory, flag));
    if (savedModel.isPresent()) {
      CheckpointFile file = SavedModelVariables.open(savedModel.get());
      say.accept(
          String.format(Locale.ROOT, "%s: taking the SavedModel %s", flag, savedModel.get()));
      return file;
    }
    CheckpointFile file = find(flag, prefixOrDirectory, say);
    CheckpointCompatibility.checkObjectBased(file);
    return file;
  }

  /**
   * The checkpoint that a flag means, of TF1 or TF2, read through once.
   *
   * @param flag names it in messages
   * @param prefixOrDirectory a prefix such as {@code DIR/ckpt-78}, one of a checkpoint's files, or
   *     a directory, of which the newest whole checkpoint is taken
   * @param say told which checkpoint was taken, and of each broken one that was passed over
   * @throws UserException NO_INPUT if there is none, DATA if it is corrupt or truncated
   */
  public static CheckpointFile find(String flag, String prefixOrDirectory, Consumer<String> say) {
    Path given =
        LocalPath.of(prefixOrDirectory.replaceFirst("\\.(index|data-\\d{5}-of-\\d{5})$", ""), flag);
    CheckpointFile file;
    if (!prefixOrDirectory.isEmpty() && Files.exists(BundleFiles.index(given))) {
      file = CheckpointFile.open(given);
      file.verify();
    } else if (Files.isDirectory(given)) {
      file =
          CheckpointSearch.newestWhole(given, say, name -> {})
              .orElseThrow(
                  () ->
                      new UserException(
                          ExitCode.NO_INPUT,
                          "%s is %s, a directory without a checkpoint; expected one with"
                              + " ckpt-<step>.index",
                          flag,
                          prefixOrDirectory));
    } else {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s is %s, expected a prefix such as DIR/ckpt-78, or a directory",
          flag,
          prefixOrDirectory);
    }
    say.accept(flag + ": taking " + file);
    return file;
  }

  /**
   * Writes the state file of a directory that holds one checkpoint, which was made elsewhere.
   *
   * @param checkpoint name of the checkpoint within the directory
   * @throws UserException CANNOT_WRITE, naming the file
   */
  public static void nameOnly(Path directory, String checkpoint) {
    double written = now();
    StateFile state =
        new StateFile(
            checkpoint, ImmutableList.of(new Kept(checkpoint, written)), Math.nextDown(written));
    DurableFiles.write(
        directory.resolve(StateFile.NAME), state.text().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Prefix of the checkpoint that was written last, for those who wait for the next one. Neither
   * read nor checked.
   *
   * @return empty if there is none yet
   */
  public static Optional<Path> latestPrefix(Path dir) {
    return CheckpointSearch.candidates(dir, warning -> {}).stream()
        .filter(prefix -> Files.exists(BundleFiles.index(prefix)))
        .findFirst();
  }

  /** What the state file keeps and is still there, without {@code next}, which comes now. */
  private List<Kept> keptBefore(String next) {
    List<Kept> kept = new ArrayList<>();
    for (Kept one : state()) {
      Path prefix = StateFile.prefix(path, one.name());
      String file = prefix.getFileName().toString();
      boolean there = Files.exists(BundleFiles.index(prefix));
      if (there && !file.equals(next) && !broken.contains(file)) {
        boolean here = Files.exists(BundleFiles.index(path.resolve(file)));
        kept.add(new Kept(here ? file : one.name(), one.timestamp()));
      }
    }
    return kept;
  }

  /** As the state file has it, or by the files where it is lost. */
  private ImmutableList<Kept> state() {
    try {
      Optional<StateFile> state = StateFile.read(path);
      if (state.isPresent()) {
        return state.get().kept();
      }
    } catch (UserException corrupt) {
      // Said by latest(); the next state file replaces it.
    }
    ImmutableList<Path> onDisk = CheckpointSearch.onDisk(path);
    ImmutableList.Builder<Kept> kept = ImmutableList.builder();
    for (int i = 0; i < onDisk.size(); i++) {
      kept.add(new Kept(onDisk.get(i).getFileName().toString(), openedAt + 1e-3 * (i + 1)));
    }
    return kept.build();
  }

  private double lastPreserved() {
    try {
      return StateFile.read(path).map(StateFile::lastPreserved).orElse(openedAt);
    } catch (UserException corrupt) {
      return openedAt;
    }
  }

  /** Folders and files that a save leaves when it is killed. */
  private void deleteLeftovers() throws IOException {
    List<Path> leftovers;
    try (Stream<Path> files = Files.list(path)) {
      leftovers = files.filter(f -> f.getFileName().toString().matches("ckpt-\\d+_temp")).toList();
    }
    for (Path leftover : leftovers) {
      DurableFiles.deleteTree(leftover);
    }
    DurableFiles.removeAbandoned(path);
  }

  /** The index first: without it there is no checkpoint. */
  private static void delete(Path prefix) throws IOException {
    Files.deleteIfExists(BundleFiles.index(prefix));
    for (Path shard : CheckpointFile.shards(prefix)) {
      Files.deleteIfExists(shard);
    }
  }

  private static double now() {
    Instant now = Instant.now();
    return now.getEpochSecond() + now.getNano() * 1e-9;
  }
}
