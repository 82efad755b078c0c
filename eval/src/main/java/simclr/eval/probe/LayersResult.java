package simclr.eval.probe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import simclr.eval.compare.McNemar;
import simclr.eval.features.Layers;
import simclr.eval.record.EvaluationRecord;
import simclr.eval.record.LayersRecord;
import simclr.eval.record.RecordJson;

/** The same protocol on every layer of an encoder. */
public final class LayersResult {
  private final Protocol protocol;
  private final List<ProbeResult> results;

  LayersResult(Protocol protocol, List<ProbeResult> results) {
    this.protocol = protocol;
    this.results = List.copyOf(results);
  }

  /** One result for each layer, from the input on. */
  List<ProbeResult> results() {
    return results;
  }

  /** The table, and by how much h is better than g(h). */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT, "%-18s %6s  %8s  %s", "layer", "width", "top-1", "95 % interval"));
    for (ProbeResult result : results) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%-18s %6d  %6.2f %%  %.2f to %.2f %%",
              result.layer(),
              result.record().representation().width(),
              100 * result.top1().value(),
              100 * result.top1().interval().low(),
              100 * result.top1().interval().high()));
    }
    hAgainstZ()
        .ifPresent(
            test ->
                lines.add(
                    String.format(
                        Locale.ROOT,
                        "h is %+.2f points from g(h), top-1, by %s; McNemar's exact test: p = %s",
                        100 * difference(test),
                        protocol.command(),
                        McNemar.inWords(test.pValue()))));
    return lines;
  }

  /** One object on one line. */
  public String json() {
    return record().toString();
  }

  void write(Path directory) {
    RecordJson.write(directory.resolve(EvaluationRecord.FILE), record());
  }

  private ObjectNode record() {
    Optional<McNemar> test = hAgainstZ();
    return LayersRecord.json(
        results.stream().map(ProbeResult::record).toList(),
        test.stream().mapToDouble(LayersResult::difference).findFirst(),
        test.stream().mapToDouble(McNemar::pValue).findFirst());
  }

  /** On the same test examples, so that the two are compared pair by pair. */
  private Optional<McNemar> hAgainstZ() {
    return of(Layers.H).flatMap(h -> of(Layers.Z).map(z -> McNemar.of(h.correct(), z.correct())));
  }

  private static double difference(McNemar test) {
    long examples = test.bothRight() + test.onlyFirst() + test.onlySecond() + test.bothWrong();
    return (double) (test.onlyFirst() - test.onlySecond()) / examples;
  }

  private Optional<ProbeResult> of(String layer) {
    return results.stream().filter(result -> result.layer().equals(layer)).findFirst();
  }
}
