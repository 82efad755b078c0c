package simclr.eval;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import simclr.eval.metrics.Accuracy;
import simclr.eval.record.RecordJson;

/**
 * Top-1 accuracy of the same linear probe on three representations of the same test images.
 *
 * @param step of the pretrained encoder
 * @param pretrained on the encoder that contrastive learning trained
 * @param untrained on the encoder with the weights that training started from
 * @param pixels on the images themselves
 * @param report the page that shows it
 * @param export directory of the exported encoder's versions
 */
public record DemoResult(
    long step, Accuracy pretrained, Accuracy untrained, Accuracy pixels, Path report, Path export) {

  /** For people: one line for each representation, where the report is and how it is served. */
  public List<String> lines() {
    return List.of(
        line("pretrained encoder", pretrained),
        line("random-init encoder", untrained),
        line("raw pixels", pixels),
        "report: " + report,
        String.format(
            Locale.ROOT,
            "export: %s; serve it: tools/simclr serve %s --port 8501",
            export,
            export));
  }

  /** For programs: one object on one line. */
  public String json() {
    return RecordJson.tree(
            new Printed(
                step,
                Share.of(pretrained),
                Share.of(untrained),
                Share.of(pixels),
                report.toString(),
                export.toString()))
        .toString();
  }

  private record Printed(
      long step,
      Share pretrained,
      Share randomInit,
      Share rawPixels,
      String report,
      String export) {}

  private record Share(
      @JsonProperty("top_1") double top1, long correct, long total, List<Double> interval) {
    static Share of(Accuracy accuracy) {
      return new Share(
          accuracy.value(),
          accuracy.correct(),
          accuracy.total(),
          List.of(accuracy.interval().low(), accuracy.interval().high()));
    }
  }

  private static String line(String name, Accuracy accuracy) {
    return String.format(
        Locale.ROOT,
        "%-20s top-1 %5.1f %%  (%d of %d test images, 95 %% interval %.1f to %.1f %%)",
        name,
        100 * accuracy.value(),
        accuracy.correct(),
        accuracy.total(),
        100 * accuracy.interval().low(),
        100 * accuracy.interval().high());
  }
}
