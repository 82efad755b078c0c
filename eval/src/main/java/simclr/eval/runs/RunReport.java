package simclr.eval.runs;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.eval.published.Conditions;
import simclr.eval.report.Section;
import simclr.io.DurableFiles;

/**
 * One or several runs as a page and as JSON: curves, evaluations, classes, pictures, settings, and
 * the published numbers beside them.
 *
 * @param html the page
 * @param json the same for programs, without pictures
 */
public record RunReport(String html, String json) {
  /** Test images that are encoded for neighbours and maps, unless another number is asked for. */
  public static final int SAMPLE = 1000;

  private static final ImmutableMap<String, String> LEGEND =
      ImmutableMap.<String, String>builder()
          .put(
              "Top-1, top-5",
              "Share of the examples of the named split whose class is the best guess, or among the"
                  + " five best. Intervals: 95 %, from the number of test examples alone (Wilson);"
                  + " another seed moves a result too.")
          .put(
              "Mean per class",
              "Mean of the classes' shares of right answers: a rare class counts as much as a"
                  + " common one.")
          .put(
              "11-point mAP",
              "Of sets whose examples may have several classes: for each class the best precision at"
                  + " a recall of 0, 0.1, ... 1 or above, averaged; then the mean of the classes, as"
                  + " Pascal VOC 2007 has it. Interval: 95 %, by bootstrap over the test examples.")
          .put(
              "Contrast loss",
              "NT-Xent, summed over both directions (twice the paper's L), in nats; mean of the"
                  + " training steps since the point before, on augmented training views. An encoder"
                  + " that maps everything to one point stays at the collapse level 2 ln(2N - 1), N"
                  + " the batch. Comparable at equal N and temperature only.")
          .put(
              "Contrast accuracy, entropy",
              "Share of first views whose nearest second view, of the N in the batch, is their own"
                  + " partner, and the entropy of that choice, at most ln N. Training views. Higher"
                  + " is not better: select no model by it.")
          .put(
              "Classifier, training views",
              "The classifier on augmented training images while it learns. No test accuracy: it is"
                  + " lower for the augmentation and higher for having been trained on them.")
          .put(
              "Classifier, evaluation split",
              "The same classifier on plain images of the evaluation split with moving statistics,"
                  + " as result.json has it.")
          .put(
              "Encoder frozen",
              "Verified means that a hash of all encoder variables and moving statistics was the"
                  + " same before and after the probe.")
          .buildOrThrow();

  /**
   * Reads runs and makes their report.
   *
   * @param paths directories of runs, at least one
   * @param dataDir where the data sets lie now; empty for where the runs had them
   * @param sample how many test images to encode for each run, 0 for none
   * @param stop asked between the parts
   * @return empty if it was stopped
   * @throws UserException if a run cannot be read
   */
  public static Optional<RunReport> of(
      List<Path> paths,
      Optional<String> dataDir,
      int sample,
      Reporter reporter,
      BooleanSupplier stop) {
    List<String> names = names(paths);
    List<RunFolder> runs = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      runs.add(RunFolder.read(paths.get(i), names.get(i)).withDataDir(dataDir));
    }
    List<RunData> data =
        runs.stream()
            .map(run -> run.config().map(RunData::of).orElseGet(RunData::unknown))
            .toList();
    List<List<EvaluationRow>> figures = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      RunFolder run = runs.get(i);
      RunData its = data.get(i);
      ImmutableList.Builder<EvaluationRow> rows = ImmutableList.builder();
      Conditions ofRun = RunConditions.ofRun(run, its);
      EvaluationRow.ofRun(run, its, ofRun).ifPresent(rows::add);
      run.evaluations().stream()
          .map(evaluation -> EvaluationRow.of(run, its, ofRun, evaluation))
          // Within one kind by directory, as they are.
          .sorted(Comparator.comparing(EvaluationRow::subject))
          .forEach(rows::add);
      figures.add(rows.build());
    }
    ImmutableList.Builder<Section> pictures = ImmutableList.builder();
    for (int i = 0; i < runs.size(); i++) {
      String suffix = runs.size() == 1 ? "" : ": " + runs.get(i).name();
      Optional<ImmutableList<Section>> drawn =
          RunPictures.of(runs.get(i), data.get(i), suffix, sample, reporter, stop);
      if (drawn.isEmpty() || stop.getAsBoolean()) {
        return Optional.empty();
      }
      pictures.addAll(drawn.get());
    }
    List<SeedGroups> seeds = SeedGroups.of(runs, figures);
    return Optional.of(
        new RunReport(
            new RunPage(runs, data, figures, seeds, pictures.build(), LEGEND).page().html(),
            ReportJson.of(runs, data, figures, seeds, LEGEND)));
  }

  /**
   * Writes the page, and the JSON beside it.
   *
   * @param page file of the page; the JSON has its name with the ending {@code .json}
   * @return the file of the JSON
   * @throws UserException CANNOT_WRITE
   */
  public Path write(Path page) {
    String name = String.valueOf(page.getFileName()).replaceFirst("\\.html?$", "");
    Path beside = page.resolveSibling(name + ".json");
    Path directory = page.toAbsolutePath().getParent();
    if (Files.isDirectory(page) || directory == null || !Files.isDirectory(directory)) {
      throw new UserException(
          ExitCode.CANNOT_WRITE,
          "--output is %s, expected a file in a directory that is there",
          page);
    }
    DurableFiles.write(beside, json.getBytes(StandardCharsets.UTF_8));
    DurableFiles.write(page, html.getBytes(StandardCharsets.UTF_8));
    return beside;
  }

  /** The last part of each path; the whole path where that does not tell them apart. */
  private static List<String> names(List<Path> paths) {
    List<String> last =
        paths.stream()
            .map(path -> String.valueOf(path.toAbsolutePath().normalize().getFileName()))
            .toList();
    Set<String> distinct = new HashSet<>(last);
    return distinct.size() == last.size() ? last : paths.stream().map(Path::toString).toList();
  }
}
