package simclr.eval;

import static com.google.common.base.Preconditions.checkArgument;
import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import simclr.config.LocalPath;
import simclr.config.RunConfig;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Split;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.report.Bar;
import simclr.eval.report.BarChart;
import simclr.eval.report.Folded;
import simclr.eval.report.Grid;
import simclr.eval.report.HtmlReport;
import simclr.eval.report.Legend;
import simclr.eval.report.Level;
import simclr.eval.report.LineChart;
import simclr.eval.report.Picture;
import simclr.eval.report.Section;
import simclr.eval.report.Series;
import simclr.eval.report.Table;
import simclr.eval.runs.AugmentedPairs;
import simclr.eval.runs.Neighbours;
import simclr.eval.runs.Settings;
import simclr.summary.ScalarHistory;
import simclr.summary.Tag;

/** The page of a {@link Demo}. */
final class DemoReport {
  private static final int PAIRS = 12;
  private static final int NEIGHBOURS = 5;

  private final RunConfig config;
  private final DemoResult result;
  private final Split train;
  private final Split test;

  private DemoReport(RunConfig config, DemoResult result, Split train, Split test) {
    this.config = config;
    this.result = result;
    this.train = train;
    this.test = test;
  }

  /**
   * Collects what the page shows from the run's directory and the data.
   *
   * @param represented the test split as the pretrained encoder sees it
   */
  static HtmlReport of(
      RunConfig config, DemoResult result, Split train, Split test, FeatureMatrix represented) {
    return new DemoReport(config, result, train, test).page(represented);
  }

  private HtmlReport page(FeatureMatrix represented) {
    return new HtmlReport(
        "SimCLR demo",
        lead(),
        ImmutableList.of(
            Section.of("Linear probe", bars()),
            Section.of("Training", Grid.of(curves())),
            Section.of("What the encoder is trained on", pairs()),
            Section.of("What the trained encoder finds alike", neighbours(represented)),
            Section.of("What the figures mean", new Legend(legend())),
            Section.of(
                "How it was made",
                Folded.of("Settings", List.of(Table.pairs(Settings.changed(config)))),
                Folded.of("Environment", List.of(Table.pairs(Settings.environment()))))));
  }

  private BarChart bars() {
    return new BarChart(
        ImmutableList.of(
            new Bar(
                "Pretrained encoder",
                String.format(
                    Locale.ROOT, "%d steps of contrastive learning, no labels", result.step()),
                result.pretrained(),
                true),
            new Bar(
                "Random-init encoder",
                "the weights that training started from",
                result.untrained(),
                false),
            new Bar("Raw pixels", "no encoder", result.pixels(), false)),
        1.0 / test.numClasses(),
        String.format(
            Locale.ROOT,
            "Top-1 accuracy of multinomial logistic regression, fitted with the labels of the %,d training images and scored on %,d test images that neither the encoder nor the probe has seen. Whiskers: 95 %% Wilson intervals.",
            train.examples(),
            test.examples()));
  }

  private String lead() {
    return String.format(
        Locale.ROOT,
        "A ResNet-%d that saw %,d procedural images without their labels lets a linear probe name"
            + " %.0f %% of the test images, against %.0f %% before training and %.0f %% from raw"
            + " pixels.",
        config.resnetDepth(),
        train.examples(),
        100 * result.pretrained().value(),
        100 * result.untrained().value(),
        100 * result.pixels().value());
  }

  private List<LineChart> curves() {
    ScalarHistory history =
        ScalarHistory.of(LocalPath.of(config.requiredModelDir(), "--model_dir"));
    int batch = config.trainBatchSize();
    return List.of(
        LineChart.of(
            "Contrast loss (training views)",
            "loss in nats",
            new Series("demo", history.curve(Tag.CONTRAST_LOSS)),
            new Level(2 * Math.log(2.0 * batch - 1), "collapse level 2 ln(2N − 1)"),
            false),
        LineChart.of(
            "Contrast accuracy (training views)",
            "share of views",
            new Series("demo", history.curve(Tag.CONTRAST_ACC)),
            new Level(1.0 / batch, "chance 1/N"),
            true),
        LineChart.of(
            "Online probe (training views)",
            "top-1",
            new Series("demo", history.curve(Tag.SUPERVISED_ACC)),
            new Level(1.0 / train.numClasses(), "chance"),
            true));
  }

  private Picture pairs() {
    return Picture.sheet(
        "What the encoder is trained on",
        "Twelve training images, each as two random views: cropped, flipped, recoloured, sometimes grey. The encoder learns to recognise which views belong together.",
        AugmentedPairs.first(config, train, PAIRS),
        AugmentedPairs.side(config),
        -1);
  }

  private Picture neighbours(FeatureMatrix represented) {
    Records.InMemory records = rawRecords(test);
    Neighbours neighbours = Neighbours.of(rows(represented));
    List<List<byte[]>> columns =
        IntStream.range(0, Math.min(test.numClasses(), records.images().size()))
            .mapToObj(
                query ->
                    IntStream.concat(
                            IntStream.of(query), neighbours.nearest(query, NEIGHBOURS).stream())
                        .mapToObj(records.images()::get)
                        .collect(toImmutableList()))
            .collect(toImmutableList());
    return Picture.sheet(
        "What the trained encoder finds alike",
        "Top row: one test image of each class. Below each: the test images whose representation lies nearest (cosine of the centred h). Labels play no part in it.",
        columns,
        ((Encoding.Raw) records.encoding()).width(),
        0);
  }

  private static float[][] rows(FeatureMatrix matrix) {
    float[][] rows = new float[matrix.rows()][matrix.columns()];
    for (int i = 0; i < rows.length; i++) {
      matrix.copyRow(i, rows[i], 0);
    }
    return rows;
  }

  /** The records of a split that holds decoded pixels in memory. */
  private static Records.InMemory rawRecords(Split split) {
    checkArgument(
        split.records() instanceof Records.InMemory records
            && records.encoding() instanceof Encoding.Raw,
        "split %s must hold pixels",
        split.name());
    return (Records.InMemory) split.records();
  }

  private ImmutableMap<String, String> legend() {
    return ImmutableMap.<String, String>builder()
        .put(
            "Linear probe, top-1",
            "Share of test images whose class a linear classifier names from the frozen"
                + " representation. The figure to compare encoders by.")
        .put(
            "Contrast loss",
            "NT-Xent over both directions, mean of the steps since the point before, on augmented"
                + " training images. An encoder that maps everything to one point gets the"
                + String.format(
                    Locale.ROOT,
                    " collapse level; a batch has N = %d images.",
                    config.trainBatchSize()))
        .put(
            "Contrast accuracy",
            "Share of first views whose nearest second view, of the N in the batch, is their own"
                + " partner. Training split; images of one class compete, so it stays far below"
                + " 100 % here.")
        .put(
            "Online probe",
            "A linear classifier trained beside the encoder, whose gradient does not reach it."
                + " Augmented training images: not comparable with the test accuracies above.")
        .put(
            "Raw pixels",
            "The same probe on the pixels. Near chance by design: colour, place, angle and scale"
                + " of a pattern are random.")
        .buildOrThrow();
  }
}
