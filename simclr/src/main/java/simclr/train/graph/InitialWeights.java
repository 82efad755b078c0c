package simclr.train.graph;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.tensorflow.Session;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.RestoreReport;
import simclr.checkpoint.Restorer;
import simclr.checkpoint.Saver;
import simclr.config.LocalPath;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.model.VariableSpec.Part;
import simclr.model.Variables.Variable;

/**
 * Where a run's weights come from: the newest whole checkpoint of its own directory, else {@code
 * --checkpoint}, else the seed.
 */
public final class InitialWeights {
  private final RunConfig config;
  private final TrainingGraph graph;
  private final Saver saver;
  private final Op zeroHead;
  private final Optional<Teacher> teacher;
  private final List<Restorer> teachers;

  private InitialWeights(
      RunConfig config,
      Optional<Teacher> teacher,
      TrainingGraph graph,
      Saver saver,
      Op zeroHead,
      List<Restorer> teachers) {
    this.config = config;
    this.teacher = teacher;
    this.teachers = teachers;
    this.graph = graph;
    this.saver = saver;
    this.zeroHead = zeroHead;
  }

  /** Adds what it needs to the graph; the session starts after that. */
  public static InitialWeights build(
      Ops tf, RunConfig config, Optional<Teacher> teacher, TrainingGraph graph, Saver saver) {
    List<Op> zeros =
        graph.state().variables().all().stream()
            .filter(v -> v.spec().part() == Part.SUPERVISED_HEAD)
            .map(v -> zero(tf, v))
            .toList();
    Op zeroHead = tf.withControlDependencies(zeros).noOp();
    List<Restorer> teachers =
        graph.teachers().stream()
            .map(variables -> Restorer.build(tf.withSubScope("teacher"), variables))
            .toList();
    return new InitialWeights(config, teacher, graph, saver, zeroHead, teachers);
  }

  /**
   * Gives every variable its value.
   *
   * @param own the newest whole checkpoint of the run's directory
   * @return the number of steps that the run has completed
   */
  public long restore(Session session, Optional<CheckpointFile> own, Reporter reporter) {
    graph.initialize(session);
    teacher.ifPresent(
        known -> teachers.forEach(restorer -> restorer.restore(session, known.file(), false)));
    long step = 0;
    if (own.isPresent()) {
      step = resume(session, own.get(), reporter);
    } else if (config.checkpoint().isPresent()) {
      takeWeights(session, config.checkpoint().get(), reporter);
    } else if (!config.pretraining() && teacher.isEmpty()) {
      reporter.line(
          "note: --train_mode is finetune and there is no --checkpoint, so training starts from"
              + " random weights");
    }
    graph.synchronize(session);
    return step;
  }

  private long resume(Session session, CheckpointFile own, Reporter reporter) {
    RestoreReport report = saver.restore(session, own, Saver.Scope.ALL, config.partial());
    long step = own.step();
    reporter.line(report.text());
    reporter.line(String.format(Locale.ROOT, "resuming from step %d (%s)", step, own));
    config
        .checkpoint()
        .ifPresent(
            given ->
                reporter.line(
                    String.format(
                        Locale.ROOT,
                        "note: --checkpoint=%s is not read, since --model_dir has a checkpoint of"
                            + " its own; it starts a run, the same command continues one",
                        given)));
    return step;
  }

  private void takeWeights(Session session, String given, Reporter reporter) {
    CheckpointFile file = ModelDir.resolve(given, reporter::line);
    RestoreReport report = saver.restore(session, file, Saver.Scope.MODEL_ONLY, config.partial());
    reporter.line(report.text());
    reporter.line(
        String.format(Locale.ROOT, "weights from %s; step and optimizer start anew", file));
    if (isOwn(file)) {
      reporter.line(
          "note: --checkpoint lies in --model_dir itself; to go on with a run leave it out and"
              + " repeat the command");
    }
    if (config.zeroInitLogitsLayer()) {
      session.runner().addTarget(zeroHead).run().close();
      reporter.line("the supervised head is set to zero (--zero_init_logits_layer)");
    }
  }

  private boolean isOwn(CheckpointFile file) {
    Path directory = file.prefix().toAbsolutePath().getParent();
    try {
      return directory != null
          && Files.isSameFile(directory, LocalPath.of(config.requiredModelDir(), "--model_dir"));
    } catch (IOException e) {
      // The file was read a moment ago: whatever this is, it is no reason to stop.
      return false;
    }
  }

  private static Op zero(Ops tf, Variable variable) {
    return tf.assignVariableOp(
        variable.handle(), tf.zeros(tf.constant(variable.spec().shape()), TFloat32.class));
  }
}
