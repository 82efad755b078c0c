package simclr.data.records;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.io.TextFile;
import simclr.io.UnreadableInput;

/**
 * The examples of a split that a file lists, as SimCLR's lists of 1 % and 10 % of ImageNet do: one
 * name a line, empty lines left out.
 */
public final class NamedSubset {
  private static final int AMBIGUOUS = -1;

  private NamedSubset() {}

  /**
   * Finds the examples; they keep the split's order.
   *
   * @throws UserException NO_INPUT if the file cannot be read, DATA if the split names no examples,
   *     or a name is none of them, one of several, or there twice
   */
  public static Split of(Split split, Path list) {
    List<String> wanted = read(list);
    ImmutableList<ImmutableList<String>> names = split.records().aliases();
    if (names.isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "--train_subset is %s and the images of %s have no names, expected TFDS records with a"
              + " file_name or id, or image files",
          list,
          split.source());
    }
    Map<String, Integer> indices = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      int index = i;
      names.get(i).forEach(name -> indices.merge(name, index, (a, b) -> AMBIGUOUS));
    }
    TreeSet<Integer> chosen = new TreeSet<>();
    for (String name : wanted) {
      Integer index = indices.get(name);
      if (index == null) {
        throw unfit(list, name, "is none of the %s images of split %s", split);
      } else if (index == AMBIGUOUS) {
        throw unfit(list, name, "is several of the %s images of split %s", split);
      } else if (!chosen.add(index)) {
        throw unfit(list, name, "is there twice among the %s images of split %s", split);
      }
    }
    return split.select(
        ImmutableIntArray.copyOf(chosen),
        String.format(Locale.ROOT, "those that %s lists (of %s)", list, split.examples()));
  }

  private static List<String> read(Path list) {
    List<String> names;
    try {
      names =
          TextFile.lines(list).stream().map(String::strip).filter(name -> !name.isEmpty()).toList();
    } catch (IOException e) {
      throw UnreadableInput.of(list, e, "a list of images, one name a line");
    }
    if (names.isEmpty()) {
      throw new UserException(
          ExitCode.DATA, "%s is empty, expected a list of images, one name a line", list);
    }
    return names;
  }

  private static UserException unfit(Path list, String name, String what, Split split) {
    return new UserException(
        ExitCode.DATA,
        "%s: \"%s\" " + what + ", expected the name of one each line",
        list,
        Quoted.of(name),
        split.examples(),
        split.name());
  }
}
