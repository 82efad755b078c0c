package simclr.export.serve;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.tensorflow.ndarray.Shape;
import simclr.data.image.EncodedImages;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.ModelFailure;

/**
 * Computes requests together: those of one signature and image size that wait at the same time run
 * as one batch, as soon as it is full or its oldest request has waited long enough.
 *
 * <p>One thread runs the batches, each of which TensorFlow spreads over all cores; while it does,
 * the next batch gathers.
 */
final class MicroBatcher implements AutoCloseable {
  private final Computation computation;
  private final int maxBatchSize;
  private final long timeoutNanos;
  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<Key, Deque<Task>> waiting = new LinkedHashMap<>();
  private final Thread thread;
  private int waitingRows;
  private boolean closing;

  MicroBatcher(Computation computation, ServeSettings settings) {
    this.computation = computation;
    this.maxBatchSize = settings.maxBatchSize();
    this.timeoutNanos = settings.batchTimeout().toNanos();
    this.capacity = settings.maxEnqueuedBatches() * settings.maxBatchSize();
    this.thread = new Thread(this::runBatches, "batches");
    thread.setDaemon(true);
    thread.start();
  }

  /** What computes a batch. */
  @FunctionalInterface
  interface Computation {
    /**
     * Computes a batch.
     *
     * @param inputs parts of each input's batch
     * @return all outputs
     */
    ImmutableMap<String, HostTensor> run(String signature, Map<String, List<HostTensor>> inputs);
  }

  /** What requests must agree in to share a batch: signature and shapes but for the batch. */
  private record Key(String signature, ImmutableMap<String, Shape> rowShapes) {
    static Key of(BoundRequest request) {
      ImmutableMap.Builder<String, Shape> shapes = ImmutableMap.builder();
      request.inputs().forEach((name, tensor) -> shapes.put(name, tensor.shape().tail()));
      return new Key(request.signatureName(), shapes.buildOrThrow());
    }
  }

  /**
   * A request, or so many rows of it as a batch holds.
   *
   * @param first number of its first row in the request
   */
  private record Task(
      int first,
      ImmutableMap<String, HostTensor> inputs,
      int rows,
      long pixels,
      long sinceNanos,
      CompletableFuture<ImmutableMap<String, HostTensor>> outputs) {}

  private record Batch(Key key, List<Task> tasks) {}

  /**
   * Computes a request; waits until it is done.
   *
   * @return parts of each output, in the order of the rows
   * @throws HttpError if too much is waiting already, or TensorFlow refuses
   */
  Map<String, List<HostTensor>> run(BoundRequest request) {
    List<Task> tasks = split(request);
    enqueue(Key.of(request), request.rows(), tasks);
    Map<String, List<HostTensor>> outputs = new LinkedHashMap<>();
    for (Task task : tasks) {
      result(task)
          .forEach((name, part) -> outputs.computeIfAbsent(name, n -> new ArrayList<>()).add(part));
    }
    return outputs;
  }

  /** Rows that wait for their batch. */
  int waitingRows() {
    lock.lock();
    try {
      return waitingRows;
    } finally {
      lock.unlock();
    }
  }

  /** Runs what waits, and ends. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Task> split(BoundRequest request) {
    long now = System.nanoTime();
    ImmutableList.Builder<Task> tasks = ImmutableList.builder();
    for (int from = 0; from < request.rows(); from += maxBatchSize) {
      int start = from;
      int end = Math.min(request.rows(), from + maxBatchSize);
      ImmutableMap.Builder<String, HostTensor> inputs = ImmutableMap.builder();
      request.inputs().forEach((name, tensor) -> inputs.put(name, tensor.rows(start, end)));
      tasks.add(
          new Task(
              start,
              inputs.buildOrThrow(),
              end - start,
              request.pixels() * (end - start) / request.rows(),
              now,
              new CompletableFuture<>()));
    }
    return tasks.build();
  }

  private void enqueue(Key key, int rows, List<Task> tasks) {
    lock.lock();
    try {
      // A request of any length is taken when nothing waits.
      if (closing || (waitingRows > 0 && waitingRows + rows > capacity)) {
        throw new HttpError(
            HttpError.UNAVAILABLE,
            closing
                ? "the model is being unloaded, expected a later request"
                : "%s images wait already and %s more are too many, expected at most %s: try again",
            waitingRows,
            rows,
            capacity);
      }
      waiting.computeIfAbsent(key, k -> new ArrayDeque<>()).addAll(tasks);
      waitingRows += rows;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private static ImmutableMap<String, HostTensor> result(Task task) {
    try {
      return task.outputs().join();
    } catch (java.util.concurrent.CompletionException e) {
      if (e.getCause() instanceof HttpError refusal) {
        throw refusal;
      }
      throw e;
    }
  }

  private void runBatches() {
    try {
      for (Batch batch = next(); batch != null; batch = next()) {
        run(batch);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this thread", e);
    }
  }

  /** The next batch once it is due; null after {@link #close} when all are done. */
  private @Nullable Batch next() throws InterruptedException {
    lock.lock();
    try {
      while (true) {
        Key oldest = null;
        long since = Long.MAX_VALUE;
        for (Map.Entry<Key, Deque<Task>> entry : waiting.entrySet()) {
          Deque<Task> tasks = entry.getValue();
          if (full(tasks)) {
            return take(entry.getKey(), tasks);
          }
          long head = tasks.element().sinceNanos();
          if (oldest == null || head - since < 0) {
            oldest = entry.getKey();
            since = head;
          }
        }
        if (oldest == null) {
          if (closing) {
            return null;
          }
          changed.await();
        } else {
          long left = since + timeoutNanos - System.nanoTime();
          if (left <= 0 || closing) {
            return take(oldest, waiting.get(oldest));
          }
          changed.awaitNanos(left);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean full(Deque<Task> tasks) {
    int rows = 0;
    for (Task task : tasks) {
      rows += task.rows();
      if (rows >= maxBatchSize) {
        return true;
      }
    }
    return false;
  }

  /** Takes tasks in their order while they fit, at least one. */
  private Batch take(Key key, @Nullable Deque<Task> tasks) {
    List<Task> taken = new ArrayList<>();
    int rows = 0;
    long pixels = 0;
    while (tasks != null && !tasks.isEmpty()) {
      Task task = tasks.element();
      rows += task.rows();
      pixels += task.pixels();
      boolean fits = rows <= maxBatchSize && pixels <= EncodedImages.MOST_PIXELS;
      if (!fits && !taken.isEmpty()) {
        break;
      }
      taken.add(tasks.remove());
      waitingRows -= task.rows();
    }
    if (tasks == null || tasks.isEmpty()) {
      waiting.remove(key);
    } else {
      // Behind the others, so that every image size has its turn.
      waiting.remove(key);
      waiting.put(key, tasks);
    }
    return new Batch(key, taken);
  }

  private void run(Batch batch) {
    try {
      complete(batch, outputs(batch));
    } catch (ModelFailure e) {
      if (batch.tasks().size() == 1) {
        Task task = batch.tasks().get(0);
        task.outputs().completeExceptionally(refusal(e, batch.key().signature(), task));
      } else {
        // One request must not spoil those that happen to share its batch.
        batch.tasks().forEach(task -> run(new Batch(batch.key(), List.of(task))));
      }
    } catch (Throwable e) {
      batch.tasks().forEach(task -> task.outputs().completeExceptionally(e));
    }
  }

  private ImmutableMap<String, HostTensor> outputs(Batch batch) {
    Map<String, List<HostTensor>> inputs = new LinkedHashMap<>();
    for (Task task : batch.tasks()) {
      task.inputs()
          .forEach((name, part) -> inputs.computeIfAbsent(name, n -> new ArrayList<>()).add(part));
    }
    return computation.run(batch.key().signature(), inputs);
  }

  private static void complete(Batch batch, ImmutableMap<String, HostTensor> outputs) {
    int rows = batch.tasks().stream().mapToInt(Task::rows).sum();
    outputs.forEach(
        (name, tensor) -> {
          if (tensor.shape().numDimensions() == 0 || tensor.rows() != rows) {
            throw new HttpError(
                HttpError.INTERNAL,
                "output \"%s\" has the shape %s, expected %s rows as the inputs have",
                name,
                JsonTensor.text(tensor.shape()),
                rows);
          }
        });
    int from = 0;
    for (Task task : batch.tasks()) {
      int start = from;
      int end = from + task.rows();
      task.outputs()
          .complete(
              outputs.entrySet().stream()
                  .collect(
                      Collectors.collectingAndThen(
                          Collectors.toMap(
                              Map.Entry::getKey, output -> output.getValue().rows(start, end)),
                          ImmutableMap::copyOf)));
      from = end;
    }
  }

  private HttpError refusal(ModelFailure failure, String signature, Task task) {
    boolean encoded =
        task.inputs().values().stream().allMatch(input -> input instanceof HostTensor.Strings);
    if (failure.reason() == ModelFailure.Reason.INPUT && encoded) {
      int row = firstThatFails(signature, task);
      if (row >= 0) {
        return new HttpError(
            HttpError.BAD_REQUEST,
            "image %s of \"%s\" cannot be decoded (%s)",
            task.first() + row,
            String.join(", ", task.inputs().keySet()),
            failure.sentence());
      }
    }
    return refusal(failure);
  }

  /** TensorFlow does not say which image of a batch it could not decode: -1 if it is none alone. */
  private int firstThatFails(String signature, Task task) {
    int from = 0;
    int end = task.rows();
    while (end - from > 1) {
      int middle = (from + end) >>> 1;
      if (fails(signature, task, from, middle)) {
        end = middle;
      } else {
        from = middle;
      }
    }
    return fails(signature, task, from, end) ? from : -1;
  }

  private boolean fails(String signature, Task task, int from, int end) {
    Map<String, List<HostTensor>> inputs = new LinkedHashMap<>();
    task.inputs().forEach((name, tensor) -> inputs.put(name, List.of(tensor.rows(from, end))));
    try {
      return computation.run(signature, inputs).isEmpty();
    } catch (ModelFailure e) {
      return e.reason() == ModelFailure.Reason.INPUT;
    }
  }

  private static HttpError refusal(ModelFailure failure) {
    int status =
        switch (failure.reason()) {
          case INPUT -> HttpError.BAD_REQUEST;
          case MEMORY -> HttpError.EXHAUSTED;
          case OTHER -> HttpError.INTERNAL;
        };
    return new HttpError(status, "%s", failure.sentence());
  }
}
