package simclr.eval.runs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import simclr.config.RunConfig;
import simclr.eval.metrics.Metric;
import simclr.eval.published.Comparison;
import simclr.eval.published.Conditions;
import simclr.eval.published.Setting;
import simclr.eval.record.RecordJson;
import simclr.summary.Tag;

/** What the page says, for programs. */
final class ReportJson {
  private final ObjectMapper mapper = new ObjectMapper();
  private final ObjectNode json = mapper.createObjectNode();

  /** Collects everything but pictures. */
  static String of(
      List<RunFolder> runs,
      List<RunData> data,
      List<List<EvaluationRow>> figures,
      List<SeedGroups> seeds,
      Map<String, String> legend) {
    ReportJson report = new ReportJson();
    ArrayNode nodes = report.json.putArray("runs");
    for (int i = 0; i < runs.size(); i++) {
      report.run(nodes.addObject(), runs.get(i), data.get(i), figures.get(i));
    }
    ArrayNode groups = report.json.putArray("several_seeds");
    for (SeedGroups group : seeds) {
      ObjectNode node = groups.addObject().put("evaluation", group.what());
      node.put("split", group.split());
      group.runs().forEach(node.putArray("runs")::add);
      node.put("top_1", group.top1().mean());
      group.top1().deviation().ifPresent(deviation -> node.put("top_1_sd", deviation));
    }
    ObjectNode meanings = report.json.putObject("legend");
    legend.forEach(meanings::put);
    ObjectNode environment = report.json.putObject("environment");
    Settings.environment().forEach(environment::put);
    return report.text();
  }

  private String text() {
    try {
      return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private void run(ObjectNode node, RunFolder run, RunData data, List<EvaluationRow> figures) {
    node.put("run", run.name()).put("path", run.path().toString());
    if (run.step().isPresent()) {
      node.put("step", run.step().getAsLong());
    } else {
      node.putNull("step");
    }
    if (run.config().isPresent()) {
      RunConfig config = run.config().get();
      node.set("flags", mapper.valueToTree(config.toFlags()));
      if (config.pretraining()) {
        node.put("collapse_level", RunCharts.collapseLevel(config.trainBatchSize()));
      }
    } else {
      node.putNull("flags");
    }
    ObjectNode splits = node.putObject("data");
    data.train().ifPresent(split -> splits.put("train", split.summary()));
    data.test().ifPresent(split -> splits.put("test", split.summary()));
    data.missing().ifPresent(reason -> splits.put("missing", reason));
    ObjectNode curves = node.putObject("curves");
    for (Tag tag : Tag.values()) {
      if (!run.curve(tag).isEmpty()) {
        ArrayNode points = curves.putArray(tag.toString());
        run.curve(tag).forEach((step, value) -> points.addArray().add(step).add(value));
      }
    }
    ArrayNode evaluations = node.putArray("evaluations");
    figures.forEach(row -> evaluation(evaluations.addObject(), row));
  }

  private void evaluation(ObjectNode node, EvaluationRow row) {
    node.put("evaluation", row.what()).put("meaning", row.meaning()).put("split", row.split());
    node.put("of", row.subject().toString().toLowerCase(Locale.ROOT));
    if (row.examples().isPresent()) {
      node.put("examples", row.examples().getAsLong());
    } else {
      node.putNull("examples");
    }
    row.metrics().forEach((name, metric) -> node.put(name, metric.value()));
    ObjectNode intervals = node.objectNode();
    // Those that the page shows; the record has all.
    for (String name : List.of(Metric.TOP_1, Metric.MAP_11)) {
      row.metric(name)
          .flatMap(Metric::interval)
          .ifPresent(i -> intervals.putArray(name).add(i.low()).add(i.high()));
    }
    if (!intervals.isEmpty()) {
      node.set("interval", intervals);
    }
    conditions(node.putObject("settings"), row.conditions());
    ArrayNode published = node.putArray("published");
    if (row.published()) {
      Comparison.nearest(row.measured())
          .forEach(comparison -> published(published.addObject(), comparison));
    }
    row.record().ifPresent(record -> node.set("result", RecordJson.of(record)));
  }

  private static void published(ObjectNode node, Comparison comparison) {
    node.put("origin", comparison.published().origin().label());
    node.put("name", comparison.published().name());
    node.put("metric", comparison.published().metric());
    node.put("value", comparison.published().value());
    conditions(node.putObject("settings"), comparison.published().conditions());
    node.put("source", comparison.published().source());
    node.put("verified", comparison.published().verified().toString().toLowerCase(Locale.ROOT));
    ObjectNode differing = node.putObject("differing");
    comparison.differing().forEach((setting, reason) -> differing.put(setting.label(), reason));
    if (comparison.difference().isPresent()) {
      node.put("difference_points", comparison.difference().getAsDouble());
    } else {
      node.putNull("difference_points");
    }
    node.put("finding", comparison.finding());
  }

  private static void conditions(ObjectNode node, Conditions conditions) {
    for (Setting setting : Setting.values()) {
      Optional<String> value = conditions.value(setting);
      node.put(setting.label(), value.orElse(null));
    }
  }
}
