package simclr.data.source;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Maps;
import com.google.common.hash.Hashing;
import com.google.common.primitives.ImmutableLongArray;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import simclr.config.LocalPath;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.ImageCensus;
import simclr.data.image.ImageHeader;
import simclr.data.records.Records;
import simclr.data.records.Split;

/**
 * Image files in folders. Which of these it is, the folders show by what is in them:
 *
 * <pre>
 *   DIR/SPLIT/CLASS/image   splits with labels; a split may also hold bare images, without labels
 *   DIR/SPLIT/image         splits without labels, if all folders have usual names of splits
 *   DIR/CLASS/image         images with labels, all of them the split train
 *   DIR/image               images without labels, all of them the split train
 * </pre>
 *
 * <p>Labels number the classes of all splits together, in the order of the code points of their
 * names: a class that one split lacks shifts nothing. A single class is no label. The images of a
 * split stand in the order of a hash of their path, so that a slice such as {@code train[:90%]}
 * takes from every class.
 *
 * @param classes by label; empty without labels
 * @param others files left out because they are no images
 */
record ImageFolder(
    Path directory,
    ImmutableMap<String, FolderTree> splits,
    ImmutableList<String> classes,
    long others)
    implements DataSource {
  private static final ImmutableSet<String> SPLIT_NAMES =
      ImmutableSet.of(
          "train",
          "training",
          "val",
          "valid",
          "validation",
          "dev",
          "test",
          "unlabelled",
          "unlabeled");
  private static final int ERRORS_NAMED = 5;

  private record Item(Path file, long label) {}

  /** What the head of a file says, or why the file cannot be used. */
  private record Finding(@Nullable ImageHeader header, String problem) {}

  /**
   * Lists the images of a folder.
   *
   * @throws UserException if there are none, or they do not lie as described above
   */
  static ImageFolder in(Path directory) {
    FolderTree root = FolderTree.read(directory);
    boolean onlySplits = root.folders().stream().allMatch(f -> SPLIT_NAMES.contains(f.name()));
    Map<String, FolderTree> splits = new LinkedHashMap<>();
    int depth = root.depth();
    if (depth < 0) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s holds no images, expected png, jpg, jpeg, bmp or gif files in it or its folders",
          directory);
    } else if (depth == 0 || (depth == 1 && !onlySplits)) {
      splits.put("train", root);
    } else {
      requireNoImages(root);
      root.folders().forEach(folder -> splits.put(folder.name(), folder));
    }
    splits.values().stream().filter(split -> split.depth() > 0).forEach(ImageFolder::requireFlat);
    ImmutableList<String> classes =
        splits.values().stream()
            .flatMap(split -> split.folders().stream().map(FolderTree::name))
            .distinct()
            .sorted(Comparator.comparing(name -> name.codePoints().toArray(), Arrays::compare))
            .collect(toImmutableList());
    return new ImageFolder(
        directory,
        ImmutableMap.copyOf(splits),
        classes.size() > 1 ? classes : ImmutableList.of(),
        root.others());
  }

  /** Reads the head of every image; a file that cannot be decoded fails the whole. */
  @Override
  public Split open(String split) {
    Map<String, List<Item>> items = new LinkedHashMap<>();
    splits.forEach((name, folder) -> items.put(name, items(folder)));
    ImmutableMap<String, ImmutableList<Long>> sizes =
        ImmutableMap.copyOf(
            Maps.transformValues(items, each -> ImmutableList.of((long) each.size())));
    List<Item> chosen = new ArrayList<>();
    for (SplitSlice slice : SplitSlice.parse(split, sizes)) {
      List<Item> all = items.getOrDefault(slice.split(), List.of());
      chosen.addAll(all.subList((int) slice.from(), (int) slice.to()));
    }
    chosen.forEach(item -> LocalPath.requireRepresentable(item.file(), "an image"));
    // Splits with and without labels together have none.
    boolean labelled = chosen.stream().noneMatch(item -> item.label() == Records.UNLABELLED);
    ImmutableList.Builder<String> facts = ImmutableList.builder();
    facts.addAll(census(chosen).facts());
    if (others > 0) {
      facts.add(others + " other files left out");
    }
    return new Split(
        split,
        chosen.size(),
        labelled ? classes : ImmutableList.of(),
        new Records.ImageFiles(
            chosen.stream().map(Item::file).toList(),
            ImmutableLongArray.copyOf(
                chosen.stream().mapToLong(item -> labelled ? item.label() : Records.UNLABELLED))),
        "folder " + directory,
        facts.build());
  }

  private List<Item> items(FolderTree split) {
    List<Item> items = new ArrayList<>();
    split.images().forEach(image -> items.add(new Item(image, Records.UNLABELLED)));
    for (FolderTree folder : split.folders()) {
      // -1, unlabelled, where a single class is no label.
      long label = classes.indexOf(folder.name());
      folder.images().forEach(image -> items.add(new Item(image, label)));
    }
    return items.stream()
        .sorted(
            Comparator.comparingLong((Item item) -> hash(split.path(), item.file()))
                .thenComparing(Item::file))
        .toList();
  }

  private static long hash(Path split, Path file) {
    StringBuilder path = new StringBuilder();
    split.relativize(file).forEach(name -> path.append('/').append(name));
    return Hashing.farmHashFingerprint64().hashString(path, StandardCharsets.UTF_8).asLong();
  }

  private static ImageCensus census(List<Item> items) {
    ImageCensus census = new ImageCensus();
    List<String> problems = new ArrayList<>();
    for (Finding finding : items.parallelStream().map(ImageFolder::inspect).toList()) {
      if (finding.header() == null) {
        problems.add(finding.problem());
      } else {
        census.add(finding.header());
      }
    }
    if (!problems.isEmpty()) {
      int named = Math.min(ERRORS_NAMED, problems.size());
      throw new UserException(
          ExitCode.DATA,
          "%s of %s images cannot be used: %s%s",
          problems.size(),
          items.size(),
          String.join("; ", problems.subList(0, named)),
          problems.size() > named ? "; and " + (problems.size() - named) + " more" : "");
    }
    return census;
  }

  private static Finding inspect(Item item) {
    try {
      return new Finding(ImageHeader.of(item.file()), "");
    } catch (ImageHeader.Unusable e) {
      return new Finding(null, item.file() + " " + e.getMessage());
    }
  }

  private static void requireNoImages(FolderTree folder) {
    if (!folder.images().isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s lies beside folders of images, expected images at one depth only",
          folder.images().get(0));
    }
  }

  /** Fails unless a split consists of images, or of folders of images. */
  private static void requireFlat(FolderTree split) {
    requireNoImages(split);
    for (FolderTree folder : split.folders()) {
      for (FolderTree below : folder.folders()) {
        throw new UserException(
            ExitCode.DATA,
            "%s holds images within class %s, expected them in the folder of the class itself",
            below.path(),
            folder.name());
      }
    }
  }
}
