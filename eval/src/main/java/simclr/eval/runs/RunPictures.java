package simclr.eval.runs;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.data.records.Split;
import simclr.eval.report.Block;
import simclr.eval.report.Grid;
import simclr.eval.report.Key;
import simclr.eval.report.Paragraph;
import simclr.eval.report.Picture;
import simclr.eval.report.ScatterPlot;
import simclr.eval.report.Section;

/** What can be seen of a run's encoder: the views it learns from, neighbours, maps of h and z. */
final class RunPictures {
  private static final int PAIRS = 12;
  private static final int QUERIES = 10;
  private static final int NEIGHBOURS = 5;

  private final RunFolder run;
  private final RunData data;
  private final String suffix;

  private RunPictures(RunFolder run, RunData data, String suffix) {
    this.run = run;
    this.data = data;
    this.suffix = suffix;
  }

  /**
   * Makes the pictures; where something is missing a remark stands in their place.
   *
   * @param suffix of headings, to tell runs apart
   * @param sample how many test images to encode, 0 for none
   * @return empty if it was stopped
   */
  static Optional<ImmutableList<Section>> of(
      RunFolder run,
      RunData data,
      String suffix,
      int sample,
      Reporter reporter,
      BooleanSupplier stop) {
    return new RunPictures(run, data, suffix).sections(sample, reporter, stop);
  }

  private Optional<ImmutableList<Section>> sections(
      int sample, Reporter reporter, BooleanSupplier stop) {
    ImmutableList.Builder<Section> sections = ImmutableList.builder();
    if (run.config().isEmpty()) {
      return Optional.of(sections.build());
    }
    RunConfig config = run.config().get();
    if (config.pretraining() && data.train().isPresent()) {
      sections.add(pairs(config, data.train().get()));
    }
    if (sample == 0) {
      return Optional.of(sections.build());
    }
    if (data.test().isEmpty()) {
      sections.add(
          Section.of(
              "What the encoder makes of images" + suffix,
              new Paragraph(
                  "No pictures of neighbours and no maps: the images are not there any more ("
                      + data.missing().orElse("")
                      + ").")));
      return Optional.of(sections.build());
    }
    try {
      CheckpointFile weights = ModelDir.resolve(run.path().toString(), reporter::line);
      reporter.line(
          String.format(Locale.ROOT, "%s: encoding test images with %s", run.name(), weights));
      Optional<EncodedSample> encoded =
          EncodedSample.of(
              config,
              data.test().get(),
              weights,
              data.train().orElse(data.test().get()).numClasses(),
              sample,
              reporter,
              stop);
      if (encoded.isEmpty()) {
        return Optional.empty();
      }
      sections.add(neighbours(config, encoded.get()));
      sections.add(maps(config, encoded.get(), weights.step()));
    } catch (UserException e) {
      // A run may have been copied without its checkpoints: the rest of the page stands.
      sections.add(
          Section.of(
              "What the encoder makes of images" + suffix,
              new Paragraph("No pictures of neighbours and no maps: " + e.getMessage() + ".")));
    }
    return Optional.of(sections.build());
  }

  private Section pairs(RunConfig config, Split train) {
    return Section.of(
        "What the encoder is trained on" + suffix,
        Picture.sheet(
            "Augmented pairs",
            "Training images of the first batch, each as two random views. The encoder learns to"
                + " recognise which views belong together.",
            AugmentedPairs.first(config, train, PAIRS),
            AugmentedPairs.side(config),
            -1));
  }

  private Section neighbours(RunConfig config, EncodedSample sample) {
    Neighbours neighbours = Neighbours.of(sample.h().toArray(new float[0][]));
    List<List<byte[]>> columns =
        queries(sample).stream()
            .map(
                query ->
                    IntStream.concat(
                            IntStream.of(query), neighbours.nearest(query, NEIGHBOURS).stream())
                        .mapToObj(sample.images()::get)
                        .collect(toImmutableList()))
            .collect(toImmutableList());
    return Section.of(
        "What the encoder finds alike" + suffix,
        Picture.sheet(
            "Nearest neighbours",
            String.format(
                Locale.ROOT,
                "Top row: a test image of each class (of %d at most). Below each: the nearest of"
                    + " %,d images of split %s, by the cosine of the centred h. Labels play no part"
                    + " in it.",
                QUERIES,
                sample.images().size(),
                config.evalSplit()),
            columns,
            Thumbnail.side(config.imageSize()),
            0));
  }

  /** The first image of each class; without classes the first images. */
  private static List<Integer> queries(EncodedSample sample) {
    Map<Integer, Integer> firstOfClass = new LinkedHashMap<>();
    for (int i = 0; i < sample.labels().size(); i++) {
      firstOfClass.putIfAbsent(sample.labels().get(i), i);
    }
    if (firstOfClass.size() < 2) {
      return IntStream.range(0, Math.min(QUERIES, sample.labels().size())).boxed().toList();
    }
    return firstOfClass.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .limit(QUERIES)
        .map(Map.Entry::getValue)
        .toList();
  }

  private Section maps(RunConfig config, EncodedSample sample, long step) {
    List<String> names = data.test().map(split -> (List<String>) split.labelNames()).orElseThrow();
    List<Block> blocks = new ArrayList<>();
    List<Block> plots = new ArrayList<>(plots("h", sample.h(), sample, names));
    if (config.pretraining()) {
      plots.addAll(plots("z", sample.z(), sample, names));
    }
    blocks.add(Grid.of(plots));
    if (!names.isEmpty()) {
      blocks.add(Key.ofPoints(names));
    }
    blocks.add(
        new Paragraph(
            String.format(
                Locale.ROOT,
                "%,d images of split %s as the encoder of step %d places them, coloured by a class"
                    + " that it was not told. h: representation; z: projection of length 1, on which"
                    + " the contrastive loss acts. PCA shows the two directions of greatest"
                    + " variance; t-SNE keeps neighbourhoods, so that distances between its groups"
                    + " say little.",
                sample.images().size(),
                config.evalSplit(),
                step)));
    return Section.of("Map of h" + (config.pretraining() ? " and z" : "") + suffix, blocks);
  }

  private List<ScatterPlot> plots(
      String what, ImmutableList<float[]> rows, EncodedSample sample, List<String> names) {
    if (rows.size() < 2) {
      return List.of();
    }
    Gram gram = Gram.of(rows.toArray(new float[0][]));
    Projection2D principal = Projection2D.principal(gram);
    Projection2D neighbourhoods = Projection2D.neighbourhoods(gram);
    String where = " of " + what + " (" + data.test().orElseThrow().name() + ")";
    return List.of(
        new ScatterPlot(
            "PCA" + where,
            component("first", principal.shares().get(0)),
            component("second", principal.shares().get(1)),
            principal.points(),
            sample.labels(),
            ImmutableList.copyOf(names)),
        new ScatterPlot(
            "t-SNE" + where,
            "t-SNE 1, no unit",
            "t-SNE 2, no unit",
            neighbourhoods.points(),
            sample.labels(),
            ImmutableList.copyOf(names)));
  }

  private static String component(String ordinal, double share) {
    return String.format(Locale.ROOT, "%s component, %.0f %% of variance", ordinal, 100 * share);
  }
}
