package simclr.parity;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.ndarray.Shape;
import simclr.train.evaluate.RunningMean;
import simclr.train.evaluate.TopK;

/** Files {@code metrics-*}: the counts of an evaluation and the means of a logging window. */
final class MetricsCases {
  private static final Pattern RESET = Pattern.compile("reset after update (\\d+)");

  private MetricsCases() {}

  /** Files {@code metrics-eval}: running accuracies, batch by batch. */
  static void evaluation(Fields golden, Checks checks) {
    int classes = golden.count("num_classes");
    float scale = golden.number32("logit_scale");
    String rule = golden.text("logits_rule");
    TopK topK = new TopK();
    List<Float> top1 = new ArrayList<>();
    List<Float> top5 = new ArrayList<>();
    for (Fields batch : golden.objects("batches")) {
      int size = batch.count("size");
      float[] logits = new Fill(batch.text("logits"), scale, 0).values((long) size * classes);
      shape(golden, rule, logits);
      topK.add(rows(logits, classes), Fill.labels(batch.text("labels"), size, classes));
      batch.done();
      top1.add(topK.top1());
      top5.add(topK.top5());
    }
    golden.checkOutputs(checks, Map.of("running_top1", vector(top1), "running_top5", vector(top5)));
  }

  private static void shape(Fields golden, String rule, float[] logits) {
    for (int i = 0; i < logits.length; i++) {
      logits[i] =
          switch (rule) {
            case "fill" -> logits[i];
            case "round_half_even(fill * 2) / 2" -> (float) Math.rint(logits[i] * 2f) / 2;
            case "all zero" -> 0;
            default ->
                throw golden.error(
                    "logits_rule is \"%s\", expected \"fill\", \"round_half_even(fill * 2) / 2\""
                        + " or \"all zero\"",
                    rule);
          };
    }
  }

  /** Files {@code metrics-special}: one row. */
  static void row(Fields golden, Checks checks) {
    List<Double> numbers = golden.numbers("logits");
    float[] logits = new float[numbers.size()];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = numbers.get(i).floatValue();
    }
    TopK topK = new TopK();
    topK.add(logits, golden.integer("label"));
    golden.checkOutputs(
        checks, Map.of("top1", Values.scalar(topK.top1()), "top5", Values.scalar(topK.top5())));
  }

  /** Files {@code metrics-mean}: a mean that is reset on the way, as the title says. */
  static void mean(Fields golden, Checks checks) {
    Matcher reset = RESET.matcher(golden.text("title"));
    if (!reset.find()) {
      throw golden.error(
          "title is \"%s\", expected \"... reset after update <n>\"", golden.title());
    }
    Fields values = golden.object("values");
    Fill fill = new Fill(values.text("name"), values.number32("scale"), values.number32("offset"));
    float[] numbers = fill.values(values.shape("shape").size());
    values.done();

    RunningMean mean = new RunningMean();
    List<Float> running = new ArrayList<>();
    float afterReset = Float.NaN;
    for (float number : numbers) {
      mean.add(number);
      running.add(mean.mean());
      if (running.size() == Integer.parseInt(reset.group(1))) {
        mean.reset();
        afterReset = mean.mean();
      }
    }
    golden.checkOutputs(
        checks, Map.of("running", vector(running), "after_reset", Values.scalar(afterReset)));
  }

  private static float[][] rows(float[] logits, int classes) {
    float[][] rows = new float[logits.length / classes][classes];
    for (int i = 0; i < logits.length; i++) {
      rows[i / classes][i % classes] = logits[i];
    }
    return rows;
  }

  private static Values vector(List<Float> numbers) {
    float[] values = new float[numbers.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = numbers.get(i);
    }
    return Values.floats(Shape.of(values.length), values);
  }
}
