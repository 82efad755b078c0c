package simclr.eval.features;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.common.collect.ImmutableList;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
import simclr.data.pipeline.Batch;
import simclr.data.pipeline.InputPipeline;
import simclr.data.records.Split;
import simclr.export.bundle.HostTensor;
import simclr.graph.GraphOps;
import simclr.io.NpyDtype;
import simclr.io.ResumableNpyWriter;

/**
 * Writes what an encoder makes of every image of a split into a {@link FeatureCache}, in the
 * split's order, all layers in one pass. Stopped or killed, the next one goes on behind the rows
 * that were on disk.
 */
final class Extraction {
  private static final Duration BETWEEN_NOTES = Duration.ofSeconds(5);
  private static final String LABELS = "labels";

  private final FrozenEncoder encoder;
  private final RunConfig config;
  private final Split split;
  private final FeatureCache cache;
  private final FeatureDtype dtype;
  private final Reporter reporter;
  private final BooleanSupplier stop;

  Extraction(
      FrozenEncoder encoder,
      RunConfig config,
      Split split,
      FeatureCache cache,
      FeatureDtype dtype,
      Reporter reporter,
      BooleanSupplier stop) {
    this.encoder = encoder;
    this.config = config;
    this.split = split;
    this.cache = cache;
    this.dtype = dtype;
    this.reporter = reporter;
    this.stop = stop;
  }

  /**
   * Extracts layers.
   *
   * @param layers whose files are not there
   * @param digestBefore of the encoder, when it was opened
   * @return whether it came to its end
   */
  boolean run(ImmutableList<String> layers, String digestBefore) {
    int batch = config.evalBatchSize();
    ImmutableList<String> files =
        ImmutableList.<String>builder().addAll(layers).add(LABELS).build();
    long from = cache.progress(files, batch).orElse(0);
    if (from > 0) {
      reporter.line(
          String.format(
              Locale.ROOT,
              "extracting %s: going on behind %d of %d examples",
              split.name(),
              from,
              split.examples()));
    }
    if (!pass(layers, files, batch, from)) {
      return false;
    }
    String digestAfter = encoder.digest();
    if (!digestAfter.equals(digestBefore)) {
      throw new IllegalStateException("the encoder changed while it was run");
    }
    cache.finish(
        JsonNodeFactory.instance
            .objectNode()
            .put("split", split.summary())
            .put("examples", split.examples())
            .put("stored_as", dtype.name().toLowerCase(Locale.ROOT))
            .put("variables_sha256_before", digestBefore)
            .put("variables_sha256_after", digestAfter));
    return true;
  }

  private boolean pass(
      ImmutableList<String> layers, ImmutableList<String> files, int batch, long from) {
    try (InputPipeline input = InputPipeline.evaluation(split, config);
        Graph graph = new Graph();
        Writers writers = new Writers(layers, from)) {
      input.notice().ifPresent(reporter::line);
      Batch next = input.build(GraphOps.of(graph));
      try (Session session = new Session(graph)) {
        input.start(session, from / batch);
        EtaProgress countdown =
            EtaProgress.of(reporter, "extracting " + split.name(), from, split.examples());
        long done = from;
        long noted = System.nanoTime();
        while (done < split.examples()) {
          boolean stopping = stop.getAsBoolean();
          if (stopping || System.nanoTime() - noted > BETWEEN_NOTES.toNanos()) {
            writers.sync();
            cache.note(files, batch, done);
            noted = System.nanoTime();
          }
          if (stopping) {
            return false;
          }
          try (Result images = take(session, next, input, done / batch)) {
            done += writers.append((TFloat32) images.get(0), (TInt64) images.get(1));
          }
          countdown.at(done);
        }
        countdown.end();
      }
      writers.commit();
      return true;
    }
  }

  private static Result take(Session session, Batch batch, InputPipeline input, long step) {
    try {
      return session.runner().fetch(batch.images()).fetch(batch.labels()).run();
    } catch (TensorFlowException | TFInvalidArgumentException e) {
      throw input.explain(e, step);
    }
  }

  /** One growing file for each layer, and the labels. */
  private final class Writers implements AutoCloseable {
    private final ImmutableList<String> layers;
    private final long from;
    private final List<ResumableNpyWriter> files = new ArrayList<>();
    private final ResumableNpyWriter labels;

    Writers(ImmutableList<String> layers, long from) {
      this.layers = layers;
      this.from = from;
      this.labels =
          ResumableNpyWriter.vector(cache.labels(), NpyDtype.INT64, split.examples(), from);
    }

    long append(TFloat32 images, TInt64 classes) {
      List<HostTensor.Floats> rows = encoder.encode(images, layers);
      if (files.isEmpty()) {
        // Only the first batch tells how wide a layer is.
        for (int i = 0; i < layers.size(); i++) {
          files.add(
              ResumableNpyWriter.matrix(
                  cache.file(layers.get(i)),
                  dtype.npy(),
                  split.examples(),
                  rows.get(i).perRow(),
                  from));
        }
      }
      for (int i = 0; i < files.size(); i++) {
        files.get(i).append(dtype.encode(rows.get(i)));
      }
      long count = classes.shape().get(0);
      ByteBuffer bytes =
          ByteBuffer.allocate((int) count * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      classes.scalars().forEach(label -> bytes.putLong(label.getLong()));
      labels.append(bytes.flip());
      return count;
    }

    void sync() {
      files.forEach(ResumableNpyWriter::sync);
      labels.sync();
    }

    void commit() {
      labels.commit();
      files.forEach(ResumableNpyWriter::commit);
    }

    @Override
    public void close() {
      files.forEach(ResumableNpyWriter::close);
      labels.close();
    }
  }
}
