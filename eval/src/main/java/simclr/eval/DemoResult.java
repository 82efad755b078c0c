package simclr.eval;

import static java.util.stream.Collectors.joining;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import simclr.eval.metrics.Accuracy;

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
        "export: %s; serve it: tools/simclr serve %s --port 8501".formatted(export, export));
  }

  /** For programs: one object on one line. */
  public String json() {
    return String.format(
        Locale.ROOT,
        "{\"step\": %d, \"pretrained\": %s, \"random_init\": %s, \"raw_pixels\": %s, \"report\": %s, \"export\": %s}",
        step,
        json(pretrained),
        json(untrained),
        json(pixels),
        quoted(report.toString()),
        quoted(export.toString()));
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

  private static String json(Accuracy accuracy) {
    return String.format(
        Locale.ROOT,
        "{\"top_1\": %s, \"correct\": %d, \"total\": %d, \"interval\": [%.6f, %.6f]}",
        accuracy.value(),
        accuracy.correct(),
        accuracy.total(),
        accuracy.interval().low(),
        accuracy.interval().high());
  }

  private static String quoted(String text) {
    return text.chars()
        .mapToObj(
            c ->
                c == '"' || c == '\\'
                    ? "\\" + (char) c
                    : c < 0x20
                        ? String.format(Locale.ROOT, "\\u%04x", c)
                        : String.valueOf((char) c))
        .collect(joining("", "\"", "\""));
  }
}
