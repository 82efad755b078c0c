package simclr.export.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.exceptions.TFInvalidArgumentException;
import org.tensorflow.ndarray.Shape;
import simclr.export.bundle.HostTensor;
import simclr.export.bundle.ModelFailure;
import simclr.export.bundle.TimeLimits;

/** Who shares a batch with whom; the computation doubles its input and can be held up. */
final class MicroBatcherTest {
  private final List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch go = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void end() {
    go.countDown();
    threads.shutdown();
  }

  @Test
  void whatGathersWhileABatchRunsIsOneBatch() throws Exception {
    try (MicroBatcher batcher = new MicroBatcher(this::heldUp, settings(4, 8))) {
      List<Future<Float>> answers = new ArrayList<>();
      answers.add(submit(batcher, request("f", 1, 1)));
      entered.await();
      for (int i = 2; i <= 7; i++) {
        answers.add(submit(batcher, request("f", i, 1)));
        awaitWaiting(batcher, i - 1);
      }
      go.countDown();
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).get()).isEqualTo(2f * (i + 1));
      }
    }
    assertThat(batches).containsExactly(1, 4, 2);
  }

  @Test
  void signaturesAndImageSizesHaveBatchesOfTheirOwn() throws Exception {
    try (MicroBatcher batcher = new MicroBatcher(this::heldUp, settings(4, 8))) {
      List<Future<Float>> answers = new ArrayList<>();
      answers.add(submit(batcher, request("f", 1, 1)));
      entered.await();
      answers.add(submit(batcher, request("f", 2, 1)));
      answers.add(submit(batcher, request("g", 3, 1)));
      answers.add(submit(batcher, request("f", 4, 2)));
      awaitWaiting(batcher, 3);
      go.countDown();
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).get()).isEqualTo(2f * (i + 1));
      }
    }
    assertThat(batches).containsExactly(1, 1, 1, 1);
  }

  @Test
  void longRequestIsComputedInPartsAndComesBackInOrder() {
    try (MicroBatcher batcher = new MicroBatcher(this::doubled, settings(4, 1))) {
      float[] values = new float[11];
      for (int i = 0; i < values.length; i++) {
        values[i] = i;
      }
      HostTensor.Floats tensor = new HostTensor.Floats(Shape.of(11, 1), values);
      Map<String, List<HostTensor>> outputs =
          batcher.run(new BoundRequest("f", ImmutableMap.of("x", tensor), 11, 0));
      List<Float> all = new ArrayList<>();
      for (HostTensor part : outputs.getOrDefault("y", List.of())) {
        for (int row = 0; row < part.rows(); row++) {
          all.add(((HostTensor.Floats) part).at(row));
        }
      }
      assertThat(all).containsExactly(0f, 2f, 4f, 6f, 8f, 10f, 12f, 14f, 16f, 18f, 20f);
    }
    assertThat(batches).containsExactly(4, 4, 3);
  }

  @Test
  void moreThanMayWaitIsRefusedAsUnavailable() throws Exception {
    try (MicroBatcher batcher = new MicroBatcher(this::heldUp, settings(2, 1))) {
      Future<Float> running = submit(batcher, request("f", 1, 1));
      entered.await();
      Future<Float> waiting = submit(batcher, request("f", 2, 1));
      awaitWaiting(batcher, 1);
      Future<Float> alsoWaiting = submit(batcher, request("f", 3, 1));
      awaitWaiting(batcher, 2);
      assertThatThrownBy(() -> batcher.run(request("f", 4, 1)))
          .isInstanceOfSatisfying(
              HttpError.class, refusal -> assertThat(refusal.status()).isEqualTo(503))
          .hasMessage(
              "2 images wait already and 1 more are too many, expected at most 2: try again");
      go.countDown();
      assertThat(List.of(running.get(), waiting.get(), alsoWaiting.get()))
          .containsExactly(2f, 4f, 6f);
    }
  }

  @Test
  void requestThatFailsSpoilsNoOtherOfItsBatch() throws Exception {
    try (MicroBatcher batcher = new MicroBatcher(this::heldUp, settings(8, 8))) {
      Future<Float> first = submit(batcher, request("f", 1, 1));
      entered.await();
      Future<Float> good = submit(batcher, request("f", 2, 1));
      Future<Float> bad = submit(batcher, request("f", -1, 1));
      Future<Float> alsoGood = submit(batcher, request("f", 3, 1));
      awaitWaiting(batcher, 3);
      go.countDown();
      assertThat(List.of(first.get(), good.get(), alsoGood.get())).containsExactly(2f, 4f, 6f);
      assertThatThrownBy(bad::get)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(HttpError.class)
          .hasMessageContaining("negative");
    }
  }

  @Test
  void fewRequestsDoNotWaitForAFullBatch() {
    try (MicroBatcher batcher = new MicroBatcher(this::doubled, settings(32, 8))) {
      assertThat(
              ((HostTensor.Floats)
                      batcher.run(request("f", 4, 1)).getOrDefault("y", List.of()).get(0))
                  .at(0))
          .isEqualTo(8f);
    }
  }

  @Test
  void closingComputesWhatWaits() throws Exception {
    MicroBatcher batcher = new MicroBatcher(this::heldUp, settings(1, 8));
    Future<Float> running = submit(batcher, request("f", 1, 1));
    entered.await();
    Future<Float> waiting = submit(batcher, request("f", 2, 1));
    awaitWaiting(batcher, 1);
    go.countDown();
    batcher.close();
    assertThat(running.get()).isEqualTo(2f);
    assertThat(waiting.get()).isEqualTo(4f);
    assertThatThrownBy(() -> batcher.run(request("f", 1, 1)))
        .isInstanceOf(HttpError.class)
        .hasMessageContaining("is being unloaded");
  }

  private Future<Float> submit(MicroBatcher batcher, BoundRequest request) {
    return threads.submit(
        () -> ((HostTensor.Floats) batcher.run(request).getOrDefault("y", List.of()).get(0)).at(0));
  }

  private static void awaitWaiting(MicroBatcher batcher, int rows) throws InterruptedException {
    while (batcher.waitingRows() < rows) {
      Thread.sleep(1);
    }
  }

  private static BoundRequest request(String signature, float value, int width) {
    float[] values = new float[width];
    values[0] = value;
    return new BoundRequest(
        signature, ImmutableMap.of("x", new HostTensor.Floats(Shape.of(1, width), values)), 1, 0);
  }

  private ImmutableMap<String, HostTensor> heldUp(
      String signature, Map<String, List<HostTensor>> inputs) {
    entered.countDown();
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return doubled(signature, inputs);
  }

  private ImmutableMap<String, HostTensor> doubled(
      String signature, Map<String, List<HostTensor>> inputs) {
    List<Float> values = new ArrayList<>();
    for (HostTensor part : inputs.getOrDefault("x", List.of())) {
      for (int row = 0; row < part.rows(); row++) {
        values.add(2 * ((HostTensor.Floats) part.rows(row, row + 1)).at(0));
      }
    }
    if (values.stream().anyMatch(value -> value < 0)) {
      throw ModelFailure.of(new TFInvalidArgumentException("negative\n\t [[{{node x}}]]"));
    }
    batches.add(values.size());
    float[] doubled = new float[values.size()];
    for (int i = 0; i < doubled.length; i++) {
      doubled[i] = values.get(i);
    }
    return ImmutableMap.of("y", new HostTensor.Floats(Shape.of(doubled.length), doubled));
  }

  private static ServeSettings settings(int maxBatchSize, int maxEnqueuedBatches) {
    return new ServeSettings(
        Path.of("model"),
        "m",
        0,
        maxBatchSize,
        Duration.ofMillis(1),
        maxEnqueuedBatches,
        Duration.ofSeconds(1),
        1 << 20,
        ImmutableList.of(),
        TimeLimits.DEFAULT);
  }
}
