package simclr.tools;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import simclr.config.LocalPath;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TextFile;
import simclr.io.UnreadableInput;

/**
 * Files of flags in absl's format, so that one file serves the reference and this program.
 *
 * <pre>
 *   file = { line } ;
 *   line = "" | "#" comment | "//" comment | "--flagfile=" path | flag ;
 * </pre>
 *
 * Blanks around a line do not count. Paths are relative to the working directory, in nested files
 * too, as absl has it.
 */
final class FlagFile {
  private static final String FLAG = "--flagfile";

  private FlagFile() {}

  /**
   * Arguments with each {@code --flagfile=F}, {@code --flagfile F} and {@code @F} replaced, in its
   * place, by the flags of file F.
   *
   * @throws UserException if a file is missing, is unreadable, includes itself, or holds a line
   *     that is not a flag
   */
  static List<String> expand(List<String> args) {
    List<String> expanded = new ArrayList<>();
    Iterator<String> rest = args.iterator();
    while (rest.hasNext()) {
      String arg = rest.next();
      if (arg.equals(FLAG) && !rest.hasNext()) {
        throw new UserException(ExitCode.USAGE, "%s is empty, expected a file of flags", FLAG);
      } else if (arg.equals(FLAG)) {
        read(rest.next(), new ArrayDeque<>(), expanded);
      } else if (arg.startsWith(FLAG + "=")) {
        read(arg.substring(FLAG.length() + 1), new ArrayDeque<>(), expanded);
      } else if (arg.startsWith("@")) {
        read(arg.substring(1), new ArrayDeque<>(), expanded);
      } else {
        expanded.add(arg);
      }
    }
    return expanded;
  }

  private static void read(String name, Deque<Path> open, List<String> flags) {
    Path file = LocalPath.of(name, FLAG).toAbsolutePath().normalize();
    if (open.contains(file)) {
      throw new UserException(
          ExitCode.USAGE,
          "%s includes itself by --flagfile, expected files without a circle",
          name);
    }
    open.push(file);
    int number = 0;
    for (String line : lines(name)) {
      number++;
      String text = line.strip();
      if (text.isEmpty() || text.startsWith("#") || text.startsWith("//")) {
        continue;
      }
      if (text.startsWith(FLAG + "=")) {
        read(text.substring(FLAG.length() + 1), open, flags);
      } else if (text.matches("--\\w+(=.*)?")) {
        flags.add(text);
      } else {
        throw new UserException(
            ExitCode.USAGE,
            "%s:%s is \"%s\", expected --flag=value or a comment",
            name,
            number,
            Quoted.of(text));
      }
    }
    open.pop();
  }

  private static List<String> lines(String name) {
    Path file = LocalPath.of(name, FLAG);
    if (name.isEmpty() || !Files.isRegularFile(file)) {
      throw new UserException(
          ExitCode.NO_INPUT, "\"%s\" is not there, expected a file of flags", name);
    }
    try {
      return TextFile.lines(file);
    } catch (MalformedInputException e) {
      throw new UserException(ExitCode.USAGE, "%s is not text, expected a file of flags", name);
    } catch (IOException e) {
      throw UnreadableInput.of(file, e, "a file of flags");
    }
  }
}
