package simclr.checkpoint;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Lists;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** Finds the checkpoints of a directory, newest first. */
final class CheckpointSearch {
  private static final Pattern NUMBERED = Pattern.compile("ckpt-(\\d{1,18})");

  private CheckpointSearch() {}

  /**
   * Reads candidates through until one is whole.
   *
   * @param warn told of everything that is not as it should be
   * @param broken told the name of each broken checkpoint
   * @return empty in a directory without checkpoints
   * @throws UserException DATA if there are checkpoints and none is whole
   */
  static Optional<CheckpointFile> newestWhole(
      Path dir, Consumer<String> warn, Consumer<String> broken) {
    ImmutableList<Path> candidates = candidates(dir, warn);
    for (Path prefix : candidates) {
      try {
        CheckpointFile file = CheckpointFile.open(prefix);
        file.verify();
        return Optional.of(file);
      } catch (UserException e) {
        warn.accept(e.getMessage() + "; trying the one before");
        broken.accept(prefix.getFileName().toString());
      }
    }
    if (!candidates.isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s has no whole checkpoint (%s tried), expected one; another directory starts afresh",
          dir,
          candidates.size());
    }
    return Optional.empty();
  }

  /**
   * Prefixes worth a try: the state file's newest, then all others, highest step first. The files
   * themselves count too, because a state file can be lost.
   */
  static ImmutableList<Path> candidates(Path dir, Consumer<String> warn) {
    Optional<StateFile> state = Optional.empty();
    ImmutableList<Path> onDisk = onDisk(dir);
    try {
      state = StateFile.read(dir);
      if (state.isEmpty() && !onDisk.isEmpty()) {
        warn.accept(dir.resolve(StateFile.NAME) + " is missing; going by the checkpoints there");
      }
    } catch (UserException e) {
      warn.accept(e.getMessage() + "; going by the checkpoints there");
    }
    ImmutableSet.Builder<Path> prefixes = ImmutableSet.builder();
    state.ifPresent(found -> prefixes.add(StateFile.prefix(dir, found.latest())));
    List<Path> others = new ArrayList<>(onDisk);
    state.ifPresent(
        found ->
            Lists.reverse(found.kept())
                .forEach(kept -> others.add(StateFile.prefix(dir, kept.name()))));
    others.sort(Comparator.comparingLong(CheckpointSearch::number).reversed());
    return prefixes.addAll(others).build().asList();
  }

  /** Checkpoints of this run's naming whose index is there. */
  static ImmutableList<Path> onDisk(Path dir) {
    if (!Files.isDirectory(dir)) {
      return ImmutableList.of();
    }
    try (Stream<Path> files = Files.list(dir)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".index"))
          .map(name -> name.substring(0, name.length() - ".index".length()))
          .filter(name -> NUMBERED.matcher(name).matches())
          .map(dir::resolve)
          .sorted(Comparator.comparingLong(CheckpointSearch::number))
          .collect(toImmutableList());
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s cannot be listed (%s)", dir, e);
    }
  }

  /** The step in the name; -1 for names of another kind. */
  private static long number(Path prefix) {
    Matcher name = NUMBERED.matcher(String.valueOf(prefix.getFileName()));
    return name.matches() ? Long.parseLong(name.group(1)) : -1;
  }
}
