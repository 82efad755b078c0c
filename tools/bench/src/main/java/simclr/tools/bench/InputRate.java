package simclr.tools.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.pipeline.Batch;
import simclr.data.pipeline.InputPipeline;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.graph.GraphOps;
import simclr.parallel.Devices;

/**
 * The training input pipeline without a step behind it. Takes the flags of a run with its {@code
 * --seed}; obeys {@code batches N} and {@code quit}.
 */
public final class InputRate {
  private InputRate() {}

  /** Answers until standard input ends. */
  public static void main(String[] args) {
    Dialogue.main(args, InputRate::run);
  }

  private static void run(Dialogue.Flags flags) throws IOException {
    long seed = Long.parseLong(flags.take("seed"));
    RunConfig config = flags.config();
    Split split = DataSource.of(config).open(config.trainSplit());
    try (Graph graph = new Graph();
        InputPipeline pipeline = InputPipeline.training(split, config, seed)) {
      Batch batch = pipeline.build(GraphOps.of(graph));
      try (Session session = new Session(graph, Devices.sessionConfig(config))) {
        pipeline.start(session, 0);
        Dialogue.answer(words -> batches(words, session, batch, config));
      }
    }
  }

  private static Map<String, ?> batches(
      List<String> words, Session session, Batch batch, RunConfig config) {
    if (!words.get(0).equals("batches")) {
      throw new UserException(
          ExitCode.USAGE, "'%s' is not understood, expected batches or quit", words.get(0));
    }
    int count = Integer.parseInt(words.get(1));
    Map<String, Number> answer = new LinkedHashMap<>();
    Dialogue.timed(1, () -> take(count, session, batch)).forEach(answer::put);
    answer.put("images", (long) count * config.trainBatchSize());
    return answer;
  }

  /** Draws batches and drops them where they are made. */
  private static void take(int count, Session session, Batch batch) {
    for (int i = 0; i < count; i++) {
      session.runner().addTarget(batch.images().op()).run().close();
    }
  }
}
