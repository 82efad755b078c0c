package simclr.export.serve;

import com.google.common.collect.ImmutableSet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.LoadedModel;

/** A version that answers requests. Who {@link #acquire}s it can finish, whatever happens to it. */
final class ServedVersion {
  private final long number;
  private final LoadedModel model;
  private final MicroBatcher batcher;
  private final ImmutableSet<String> inputNames;

  /** Requests that hold it, and one more until it is retired. */
  private final AtomicInteger holders = new AtomicInteger(1);

  private final CountDownLatch unused = new CountDownLatch(1);

  private ServedVersion(long number, LoadedModel model, ServeSettings settings) {
    this.number = number;
    this.model = model;
    this.inputNames =
        model.signatures().values().stream()
            .flatMap(signature -> signature.getInputsMap().keySet().stream())
            .collect(ImmutableSet.toImmutableSet());
    this.batcher =
        new MicroBatcher(
            (signature, inputs) ->
                model.run(signature, inputs, model.signature(signature).getOutputsMap().keySet()),
            settings);
  }

  /**
   * Loads a version and runs its warm-up requests.
   *
   * @throws simclr.config.UserException if it is damaged, harmful, or fails its own requests
   */
  static ServedVersion load(long number, Path directory, ServeSettings settings) {
    LoadedModel model = LoadedModel.open(directory, settings.limits());
    try {
      WarmUp.run(model);
      return new ServedVersion(number, model, settings);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  long number() {
    return number;
  }

  LoadedModel model() {
    return model;
  }

  /** The inputs of all signatures. */
  ImmutableSet<String> inputNames() {
    return inputNames;
  }

  /** Computes a request; the caller has acquired the version. */
  Map<String, List<HostTensor>> run(BoundRequest request) {
    return batcher.run(request);
  }

  /** Holds the version for a request. It is not retired yet. */
  void acquire() {
    holders.incrementAndGet();
  }

  void release() {
    if (holders.decrementAndGet() == 0) {
      unused.countDown();
    }
  }

  /** Waits for the requests that hold it, then unloads. */
  void retire() {
    release();
    boolean interrupted = false;
    while (true) {
      try {
        unused.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    batcher.close();
    model.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
