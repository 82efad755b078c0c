package simclr.tools.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.Saver;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.graph.GraphOps;
import simclr.model.Variables.Variable;
import simclr.parallel.Devices;
import simclr.train.graph.TrainingGraph;

/**
 * The product's training step on one batch that never changes, so that another program can take the
 * same steps beside it.
 *
 * <p>Takes the flags of a run with its {@code --seed}, {@code --train_examples} (images of an
 * epoch, for the schedule) and {@code --batch_file} ({@link StoredBatch}). Obeys {@code step N},
 * {@code restore PREFIX}, {@code save DIRECTORY}, {@code digests} and {@code quit}.
 */
public final class FixedBatch {
  private static final int NUM_CLASSES = 10;

  private final TrainingGraph training;
  private final Saver saver;
  private final Operand<TInt64> completed;
  private final Map<String, Operand<TFloat64>> lengths;
  private final Session session;

  private FixedBatch(TrainingGraph training, RunConfig config) {
    this.training = training;
    Ops tf = GraphOps.of(training.graph());
    this.saver = Saver.build(tf, training.state());
    this.completed = tf.readVariableOp(training.state().globalStep(), TInt64.class);
    this.lengths = lengths(tf, training.state().variables().all());
    this.session = new Session(training.graph(), Devices.sessionConfig(config));
  }

  /** Answers until standard input ends. */
  public static void main(String[] args) {
    Dialogue.main(args, FixedBatch::run);
  }

  private static void run(Dialogue.Flags flags) throws IOException {
    Path file = Path.of(flags.take("batch_file"));
    long examples = Long.parseLong(flags.take("train_examples"));
    long seed = Long.parseLong(flags.take("seed"));
    RunConfig config = flags.config();
    List<StoredBatch> stored = new ArrayList<>();
    try (TrainingGraph training =
        TrainingGraph.build(
            config,
            examples,
            NUM_CLASSES,
            seed,
            tf -> {
              stored.add(StoredBatch.build(tf, config));
              return stored.get(0).batch();
            })) {
      FixedBatch fixed = new FixedBatch(training, config);
      try (Session session = fixed.session) {
        stored.get(0).fill(session, file);
        training.initialize(session);
        training.resetMeans(session);
        Dialogue.answer(fixed::answer);
      }
    }
  }

  private Map<String, ?> answer(List<String> words) {
    return switch (words.get(0)) {
      case "step" -> step(Integer.parseInt(words.get(1)));
      case "restore" -> restore(Path.of(words.get(1)));
      case "save" -> save(Path.of(words.get(1)));
      case "digests" -> digests();
      default ->
          throw new UserException(
              ExitCode.USAGE,
              "'%s' is not understood, expected step, restore, save, digests or quit",
              words.get(0));
    };
  }

  /** Time of a step, the means of what the steps measured, and memory. */
  private Map<String, ?> step(int count) {
    Map<String, Object> answer =
        new LinkedHashMap<>(
            Dialogue.timed(count, () -> session.runner().addTarget(training.step()).run().close()));
    training.readMeans(session).forEach((tag, mean) -> answer.put(tag.toString(), mean));
    training.resetMeans(session);
    answer.put("peak_mib", peakMib());
    return answer;
  }

  private Map<String, ?> restore(Path prefix) {
    saver.restore(session, CheckpointFile.open(prefix), Saver.Scope.ALL, false);
    training.synchronize(session);
    return Map.of();
  }

  private Map<String, ?> save(Path directory) {
    long step;
    try (Result result = session.runner().fetch(completed).run()) {
      step = ((TInt64) result.get(0)).getLong();
    }
    try (ModelDir modelDir = ModelDir.lock(directory, 5)) {
      modelDir.save(session, saver, step);
    }
    return Map.of("step", step);
  }

  /** The length of every variable of the model, as the session holds it. */
  private Map<String, ?> digests() {
    Session.Runner runner = session.runner();
    lengths.values().forEach(runner::fetch);
    Map<String, Double> answer = new LinkedHashMap<>();
    try (Result result = runner.run()) {
      int i = 0;
      for (String key : lengths.keySet()) {
        answer.put(key, ((TFloat64) result.get(i++)).getDouble());
      }
    }
    return answer;
  }

  private static Map<String, Operand<TFloat64>> lengths(Ops tf, Collection<Variable> variables) {
    Map<String, Operand<TFloat64>> lengths = new LinkedHashMap<>();
    for (Variable variable : variables) {
      Operand<TFloat64> flat =
          tf.reshape(tf.dtypes.cast(variable.value(), TFloat64.class), tf.array(-1));
      lengths.put(
          variable.spec().checkpointKey(),
          tf.math.sqrt(tf.reduceSum(tf.math.square(flat), tf.constant(0))));
    }
    return lengths;
  }

  /** The most memory that the process has had resident; Linux only. */
  private static long peakMib() {
    try {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UserException(ExitCode.NO_INPUT, "%s, expected Linux's /proc", e);
    }
  }
}
