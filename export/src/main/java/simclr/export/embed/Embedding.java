package simclr.export.embed;

import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.config.UserException;
import simclr.data.pipeline.Batch;
import simclr.data.pipeline.InputPipeline;
import simclr.data.records.Records;
import simclr.data.records.Split;
import simclr.data.source.DataSource;
import simclr.export.bundle.ExportDirectory;
import simclr.export.bundle.ExportInfo;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;
import simclr.graph.GraphOps;

/**
 * Writes what an exported encoder makes of every image of a split. The images come through the
 * pipeline of evaluation; however many there are, only some batches are in memory at a time.
 */
public final class Embedding {
  private static final String REPRESENTATION = "representation";

  private Embedding() {}

  /**
   * What was written.
   *
   * @param export the version's directory
   */
  public record Summary(Path output, Path export, long examples, int representationSize) {}

  /**
   * Embeds a split.
   *
   * @param stop asked while the images are looked for and between batches
   * @return empty if it was stopped; nothing is written then
   * @throws UserException if export, data set or an image is broken, or the output cannot be
   *     written
   */
  public static Optional<Summary> run(
      EmbedSettings settings, Reporter reporter, BooleanSupplier stop) {
    Path directory = ExportDirectory.newest(settings.export());
    try (LoadedModel model = LoadedModel.open(directory, settings.limits())) {
      ExportInfo info = model.requiredInfo();
      RunConfig config = settings.asRun(info.imageSize());
      Split split = DataSource.of(config, stop).open(config.evalSplit());
      reporter.line(split.summary());
      try (EmbeddingWriter writer = writer(settings.output(), info, split)) {
        if (!embed(model, config, split, settings, writer, reporter, stop)) {
          return Optional.empty();
        }
        writer.commit();
      }
      return Optional.of(
          new Summary(settings.output(), directory, split.examples(), info.representationSize()));
    } catch (CancellationException e) {
      return Optional.empty();
    }
  }

  private static EmbeddingWriter writer(Path output, ExportInfo info, Split split) {
    return output.toString().endsWith(".csv")
        ? CsvEmbeddings.open(output, info.representationSize(), split.labelled())
        : NpyEmbeddings.open(output, split.examples(), info.representationSize(), split.labelled());
  }

  private static boolean embed(
      LoadedModel model,
      RunConfig config,
      Split split,
      EmbedSettings settings,
      EmbeddingWriter writer,
      Reporter reporter,
      BooleanSupplier stop) {
    try (InputPipeline input = InputPipeline.evaluation(split, config);
        Graph graph = new Graph()) {
      input.notice().ifPresent(reporter::line);
      Batch batch = input.build(GraphOps.of(graph));
      try (Session session = new Session(graph)) {
        input.start(session, 0);
        long done = 0;
        for (long step = 0; done < split.examples(); step++) {
          if (stop.getAsBoolean()) {
            return false;
          }
          try (Result images = next(session, batch, input, step)) {
            done += write(model, images, split, settings, done, writer);
          }
          if (reporter.terminal()) {
            reporter.status(
                String.format(Locale.ROOT, "embedding: %d of %d", done, split.examples()));
          }
        }
      }
    }
    if (reporter.terminal()) {
      reporter.status("");
    }
    return true;
  }

  private static Result next(Session session, Batch batch, InputPipeline input, long step) {
    try {
      return session.runner().fetch(batch.images()).fetch(batch.labels()).run();
    } catch (TensorFlowException | TFInvalidArgumentException e) {
      throw input.explain(e, step);
    }
  }

  private static int write(
      LoadedModel model,
      Result images,
      Split split,
      EmbedSettings settings,
      long first,
      EmbeddingWriter writer) {
    HostTensor.Floats rows =
        model.floatsOfTensors(
            LoadedModel.DEFAULT_SIGNATURE,
            ImmutableMap.of("inputs", (TFloat32) images.get(0)),
            REPRESENTATION);
    int expected = model.requiredInfo().representationSize();
    if (rows.perRow() != expected) {
      throw new UserException(
          UserException.ExitCode.DATA,
          "%s: output %s has %s values a row, expected %s as its manifest says",
          model.directory(),
          REPRESENTATION,
          rows.perRow(),
          expected);
    }
    TInt64 labels = (TInt64) images.get(1);
    for (int i = 0; i < rows.rows(); i++) {
      writer.write(name(split, settings, first + i), labels.getLong(i), rows.row(i));
    }
    return rows.rows();
  }

  /** A file's path below its folder; for a record its place in the split, as in {@code test/17}. */
  private static String name(Split split, EmbedSettings settings, long example) {
    if (split.records() instanceof Records.ImageFiles files) {
      Path file = files.files().get(Math.toIntExact(example));
      return settings
          .folder()
          .map(folder -> folder.relativize(file).toString().replace('\\', '/'))
          .orElse(file.toString());
    }
    return split.name() + "/" + example;
  }
}
