package simclr.train.run;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import simclr.checkpoint.CheckpointFile;
import simclr.checkpoint.ModelDir;
import simclr.checkpoint.Saver;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.StepCounts;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.data.pipeline.InputPipeline;
import simclr.graph.GraphOps;
import simclr.inference.EncoderFingerprint;
import simclr.model.Variables;
import simclr.parallel.Devices;
import simclr.summary.EventWriter;
import simclr.summary.Tag;
import simclr.train.evaluate.NearestNeighbours;
import simclr.train.graph.InitialWeights;
import simclr.train.graph.Teacher;
import simclr.train.graph.TrainingGraph;
import simclr.train.run.Progress.Snapshot;

/**
 * The training loop: restore, run steps, and every {@code checkpointSteps} save and log.
 *
 * <p>Whatever moment the process dies at, the same command resumes from the last checkpoint and
 * ends with the weights that an undisturbed run would have.
 */
final class Trainer {
  private final InputPipeline input;
  private final TrainingGraph graph;
  private final Session session;
  private final Saver saver;
  private final ModelDir modelDir;
  private final EventWriter events;
  private final StepCounts counts;
  private final int imageSize;
  private final Progress progress;
  private final Reporter reporter;
  private final BooleanSupplier stop;
  private final Optional<NearestNeighbours> neighbours;

  private Trainer(
      InputPipeline input,
      TrainingGraph graph,
      Session session,
      Saver saver,
      ModelDir modelDir,
      EventWriter events,
      RunPlan plan,
      Reporter reporter,
      BooleanSupplier stop,
      Optional<NearestNeighbours> neighbours) {
    this.input = input;
    this.graph = graph;
    this.session = session;
    this.saver = saver;
    this.modelDir = modelDir;
    this.events = events;
    this.counts = plan.counts();
    this.imageSize = plan.config().imageSize();
    this.progress =
        new Progress(plan.config(), counts.trainSteps(), counts.warmupSteps(), reporter);
    this.reporter = reporter;
    this.stop = stop;
    this.neighbours = neighbours;
  }

  /**
   * Trains to the end of the plan.
   *
   * @param plan with its seed settled
   * @param own the newest whole checkpoint of the directory, short of the plan's last step
   * @param stop asked between steps; the run then saves and returns
   */
  static Outcome train(
      RunPlan plan,
      ModelDir modelDir,
      Optional<CheckpointFile> own,
      Reporter reporter,
      BooleanSupplier stop) {
    RunConfig config = plan.config();
    long seed = plan.seed();
    long examples = plan.trainSplit().examples();
    Optional<NearestNeighbours> neighbours =
        NearestNeighbours.of(
            config, plan.trainSplit(), plan.evaluation(), plan.counts().epochSteps());
    neighbours.ifPresent(knn -> reporter.line("online kNN: " + knn.words()));
    try (InputPipeline input = InputPipeline.training(plan.trainSplit(), config, seed);
        TrainingGraph graph =
            TrainingGraph.build(
                config, examples, plan.numClasses(), seed, plan.teacher(), input::build)) {
      reporter.line(RunBanner.optimizer(config, graph.state().variables().trainable()));
      Ops tf = GraphOps.of(graph.graph());
      Saver saver = Saver.build(tf, graph.state());
      InitialWeights start = InitialWeights.build(tf, config, plan.teacher(), graph, saver);
      try (Session session = new Session(graph.graph(), Devices.sessionConfig(config))) {
        long step = start.restore(session, own, reporter);
        if (step == 0 && !config.pretraining()) {
          EncoderFingerprint.of(config, graph.state().variables().all(), session).write(modelDir);
        }
        input.start(session, step);
        try (EventWriter events = EventWriter.in(modelDir.path())) {
          Outcome outcome =
              new Trainer(
                      input,
                      graph,
                      session,
                      saver,
                      modelDir,
                      events,
                      plan,
                      reporter,
                      stop,
                      neighbours)
                  .run(step);
          plan.teacher().ifPresent(teacher -> verifyTeacher(teacher, graph, session, reporter));
          return outcome;
        }
      }
    }
  }

  /** Fails unless the teacher's variables are still those of its file. */
  private static void verifyTeacher(
      Teacher teacher, TrainingGraph graph, Session session, Reporter reporter) {
    for (Variables variables : graph.teachers()) {
      EncoderFingerprint.Comparison found =
          EncoderFingerprint.of(teacher.config(), variables.all(), session).compare(teacher.file());
      Optional<String> changed = found.firstChangedWeight().or(found::firstChangedStatistic);
      if (changed.isPresent()) {
        throw new UserException(
            ExitCode.INTERNAL,
            "%s of the teacher has changed, expected it as in %s: it is frozen",
            changed.get(),
            teacher.file());
      }
      reporter.line(
          String.format(
              Locale.ROOT,
              "teacher verified: its encoder is that of %s (SHA-256 of weights %s)",
              teacher.file(),
              found.weightsAfter()));
    }
  }

  private Outcome run(long start) {
    long completed = start;
    progress.resume(completed, System.nanoTime());
    while (completed < counts.trainSteps() && !stop.getAsBoolean()) {
      long roundStart = completed;
      long roundEnd = endOfRound(completed);
      List<byte[]> pictures = List.of();
      while (completed < roundEnd && (completed == roundStart || !stop.getAsBoolean())) {
        pictures = takeStep(completed, completed + 1 == roundEnd);
        completed++;
        if (progress.due(System.nanoTime())) {
          progress.show(look(completed, completed - roundStart));
        }
      }
      finishRound(roundStart, completed, pictures);
    }
    progress.clear();
    return completed < counts.trainSteps() ? Outcome.INTERRUPTED : Outcome.DONE;
  }

  /** Rounds end at multiples of the interval, whatever step a run was interrupted at. */
  private long endOfRound(long completed) {
    long interval = counts.checkpointSteps();
    return Math.min(counts.trainSteps(), (completed / interval + 1) * interval);
  }

  /** Takes one step and returns the first views of its batch if they are asked for. */
  private List<byte[]> takeStep(long completed, boolean withPictures) {
    Session.Runner runner = session.runner().addTarget(graph.step());
    List<Operand<TString>> wanted = withPictures ? graph.pictures() : List.of();
    wanted.forEach(runner::fetch);
    try (Result result = runner.run()) {
      List<byte[]> pictures = new ArrayList<>();
      for (int i = 0; i < wanted.size(); i++) {
        pictures.add(((TString) result.get(i)).asBytes().getObject());
      }
      return pictures;
    } catch (TensorFlowException | TFInvalidArgumentException e) {
      throw input.explain(e, completed);
    }
  }

  private Snapshot look(long completed, long counted) {
    Map<Tag, Float> means = graph.readMeans(session);
    checkLoss(completed, means);
    return new Snapshot(
        completed, counted, means, graph.readInputSeconds(session), System.nanoTime());
  }

  private void finishRound(long start, long completed, List<byte[]> pictures) {
    Snapshot round = look(completed, completed - start);
    progress.show(round);
    checkWeights(completed);
    if (!pictures.isEmpty()) {
      events.images(completed, "image", imageSize, imageSize, pictures);
    }
    modelDir.save(session, saver, completed);
    reporter.line(
        String.format(Locale.ROOT, "Completed: %d / %d steps", completed, counts.trainSteps()));
    round
        .means()
        .forEach(
            (tag, mean) ->
                reporter.line(
                    String.format(Locale.ROOT, "Step: [%d] %s = %f", completed, tag, mean)));
    events.scalars(completed, round.means());
    events.scalar(completed, Tag.LEARNING_RATE, fetch(graph.learningRate()));
    neighbours
        .filter(knn -> knn.due(start, completed) && !stop.getAsBoolean())
        .ifPresent(knn -> look(knn, completed));
    events.flush();
    progress.checkCollapse(start, round.means());
    graph.resetMeans(session);
    progress.resume(completed, System.nanoTime());
  }

  private void look(NearestNeighbours knn, long completed) {
    Path saved = ModelDir.latestPrefix(modelDir.path()).orElseThrow();
    float top1 = knn.top1(CheckpointFile.open(saved));
    events.scalar(completed, Tag.KNN_TOP_1, top1);
    reporter.line(String.format(Locale.ROOT, "Step: [%d] %s = %f", completed, Tag.KNN_TOP_1, top1));
  }

  private float fetch(Operand<TFloat32> scalar) {
    try (Result result = session.runner().fetch(scalar).run()) {
      return ((TFloat32) result.get(0)).getFloat();
    }
  }

  /** A sum that has met NaN or infinity keeps it, so that looking now and then is enough. */
  private void checkLoss(long completed, Map<Tag, Float> means) {
    Float loss = means.get(Tag.TOTAL_LOSS);
    if (loss != null && !Float.isFinite(loss)) {
      throw diverged(completed, "the loss is " + loss);
    }
  }

  private void checkWeights(long completed) {
    if (!graph.weightsAreFinite(session)) {
      throw diverged(completed, "the weights have overflowed");
    }
  }

  private UserException diverged(long completed, String what) {
    progress.clear();
    String largest =
        graph.readGradientNorms(session).entrySet().stream()
            .max(Comparator.comparing(Map.Entry::getValue))
            .map(
                e ->
                    String.format(
                        Locale.ROOT, "%.3g in %s", e.getValue(), e.getKey().checkpointKey()))
            .orElse("unknown");
    String kept =
        ModelDir.latestPrefix(modelDir.path())
            .map(prefix -> "the last good checkpoint is " + prefix)
            .orElse("there is no checkpoint yet");
    return new UserException(
        ExitCode.DIVERGED,
        "training diverged by step %s: %s (learning rate %s, largest finite gradient norm %s); %s,"
            + " expected a lower --learning_rate, a longer warm-up, or images without NaN",
        completed,
        what,
        fetch(graph.state().lastLearningRate()),
        largest,
        kept);
  }
}
