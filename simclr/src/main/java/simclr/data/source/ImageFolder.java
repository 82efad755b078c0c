package simclr.data.source;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static java.util.stream.Collectors.joining;

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
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import simclr.config.LocalPath;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.image.ImageCensus;
import simclr.data.image.ImageHeader;
import simclr.data.records.BrokenExample;
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
 * names: a class that one split lacks shifts nothing. A single class is not a label. The images of
 * a split stand in the order of a hash of their path, so that a slice such as {@code train[:90%]}
 * takes from every class.
 *
 * @param classes by label; empty without labels
 * @param leftOut files that are not read
 */
record ImageFolder(
    Path directory,
    ImmutableMap<String, FolderTree> splits,
    ImmutableList<String> classes,
    LeftOut leftOut,
    ScanStop stop)
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
  private record Finding(Item item, @Nullable ImageHeader header, String problem) {}

  /**
   * Lists the images of a folder.
   *
   * @throws UserException if there are none, or they do not lie as described above
   */
  static ImageFolder in(Path directory, ScanStop stop) {
    FolderTree root = FolderTree.read(directory, stop);
    boolean onlySplits = root.folders().stream().allMatch(f -> SPLIT_NAMES.contains(f.name()));
    Map<String, FolderTree> splits = new LinkedHashMap<>();
    int depth = root.depth();
    if (depth < 0) {
      throw new UserException(
          ExitCode.NO_INPUT,
          "%s holds no images, expected png, jpg, jpeg, bmp or gif files in it or its folders%s",
          directory,
          root.leftOut().facts().isEmpty()
              ? ""
              : " (" + String.join(", ", root.leftOut().facts()) + ")");
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
        root.leftOut(),
        stop);
  }

  /** Reads the head of every image; a file that cannot be decoded fails the whole. */
  @Override
  public Split open(String split) {
    List<Item> chosen = chosen(split);
    List<Finding> findings = inspect(chosen);
    List<BrokenExample> broken = broken(findings);
    if (!broken.isEmpty()) {
      int named = Math.min(ERRORS_NAMED, broken.size());
      throw new UserException(
          ExitCode.DATA,
          "%s of %s images cannot be used: %s%s",
          broken.size(),
          chosen.size(),
          broken.subList(0, named).stream().map(BrokenExample::toString).collect(joining("; ")),
          broken.size() > named ? "; and " + (broken.size() - named) + " more" : "");
    }
    return split(split, chosen, findings);
  }

  @Override
  public Examined examine(String split) {
    List<Item> chosen = chosen(split);
    List<Finding> findings = inspect(chosen);
    List<Finding> whole = findings.stream().filter(each -> each.header() != null).toList();
    List<Item> usable = whole.stream().map(Finding::item).toList();
    return new Examined(
        chosen.size(),
        usable.isEmpty() ? Optional.empty() : Optional.of(split(split, usable, whole)),
        broken(findings));
  }

  private List<Item> chosen(String split) {
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
    return chosen;
  }

  private Split split(String name, List<Item> chosen, List<Finding> findings) {
    ImageCensus census = new ImageCensus();
    for (Finding finding : findings) {
      if (finding.header() != null) {
        census.add(finding.header());
      }
    }
    chosen.forEach(item -> LocalPath.requireRepresentable(item.file(), "an image"));
    // Splits with and without labels together have none.
    boolean labelled = chosen.stream().noneMatch(item -> item.label() == Records.UNLABELLED);
    ImmutableList.Builder<String> facts = ImmutableList.builder();
    facts.addAll(census.facts());
    facts.addAll(leftOut.facts());
    return new Split(
        name,
        chosen.size(),
        labelled ? classes : ImmutableList.of(),
        new Records.ImageFiles(
            chosen.stream().map(Item::file).toList(),
            ImmutableLongArray.copyOf(
                chosen.stream().mapToLong(item -> labelled ? item.label() : Records.UNLABELLED))),
        "folder " + directory,
        facts.build(),
        Optional.of(census.sizes()));
  }

  private List<Item> items(FolderTree split) {
    List<Item> items = new ArrayList<>();
    split.images().forEach(image -> items.add(new Item(image, Records.UNLABELLED)));
    for (FolderTree folder : split.folders()) {
      // -1, unlabelled, where a single class is not a label.
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

  private List<Finding> inspect(List<Item> items) {
    return items.parallelStream().map(this::inspect).toList();
  }

  private Finding inspect(Item item) {
    stop.check();
    try {
      return new Finding(item, ImageHeader.of(item.file()), "");
    } catch (ImageHeader.Unusable e) {
      return new Finding(item, null, String.valueOf(e.getMessage()));
    }
  }

  private static ImmutableList<BrokenExample> broken(List<Finding> findings) {
    return findings.stream()
        .filter(each -> each.header() == null)
        .map(each -> new BrokenExample(each.item().file().toString(), each.problem()))
        .collect(toImmutableList());
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
