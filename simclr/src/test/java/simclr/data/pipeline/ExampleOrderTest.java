package simclr.data.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static simclr.data.Statistics.assertEquallyLikely;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableLongArray;
import java.util.Collections;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import simclr.data.image.Encoding;
import simclr.data.records.Records;
import simclr.data.records.Split;

/** Orders of epochs look random; with TensorFlow's own 4 rounds of its cipher they do not. */
final class ExampleOrderTest {
  private static final int EXAMPLES = 50_000;
  private static final int EPOCHS = 2;
  private static final int BUCKETS = 50;

  /** Index of the example at each place of each epoch. */
  private static int[][] orders = new int[0][];

  @BeforeAll
  static void drawOrders() {
    Records records =
        new Records.InMemory(
            Collections.nCopies(EXAMPLES, new byte[3]),
            ImmutableLongArray.copyOf(new long[EXAMPLES]),
            new Encoding.Raw(1, 1, false));
    Split split = new Split("train", EXAMPLES, ImmutableList.of(), records);
    orders = new int[EPOCHS][EXAMPLES];
    try (ExampleSequence examples = ExampleSequence.of(split, OptionalLong.of(7), false);
        Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      ExampleSequence.Mapped mapped =
          examples.map(
              tf,
              tf.constant(0L),
              2,
              Dataset.Element.of(TInt64.class, Shape.scalar()),
              (ops, number, example) -> ImmutableList.of(number));
      Dataset.Iterator iterator = mapped.dataset().fullBatches(EXAMPLES).iterator("orders");
      try (Session session = new Session(graph)) {
        mapped.feeds().apply(session.runner()).addTarget(iterator.make()).run().close();
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
          try (Result result = session.runner().fetch(iterator.next().get(0)).run()) {
            long[] numbers = StdArrays.array1dCopyOf((TInt64) result.get(0));
            for (int place = 0; place < EXAMPLES; place++) {
              orders[epoch][place] = Math.toIntExact(numbers[place] - (long) epoch * EXAMPLES);
            }
          }
        }
      }
    }
  }

  @Test
  void everyExampleIsEquallyLikelyAtEveryPlace() {
    long[] counts = new long[BUCKETS * BUCKETS];
    for (int[] order : orders) {
      for (int place = 0; place < EXAMPLES; place++) {
        counts[BUCKETS * bucket(place) + bucket(order[place])]++;
      }
    }
    assertEquallyLikely("places of examples", counts);
  }

  @Test
  void neighboursHaveNothingToDoWithEachOther() {
    long[] counts = new long[BUCKETS];
    for (int[] order : orders) {
      for (int place = 1; place < EXAMPLES; place++) {
        counts[bucket(Math.floorMod(order[place] - order[place - 1], EXAMPLES))]++;
      }
    }
    assertEquallyLikely("steps between neighbours", counts);
  }

  @Test
  void anEpochHasNoFavouriteSteps() {
    for (int lag : new int[] {1, 2, 256, 4096}) {
      for (int[] order : orders) {
        long distinct =
            IntStream.range(lag, EXAMPLES)
                .map(place -> Math.floorMod(order[place] - order[place - lag], EXAMPLES))
                .distinct()
                .count();
        double possible = EXAMPLES - 1;
        double expected = possible * (1 - Math.pow(1 - 1 / possible, EXAMPLES - lag));
        // Five standard deviations of the number of urns that as many balls fall into.
        assertThat((double) distinct)
            .as("distinct steps over %s places", lag)
            .isBetween(expected - 350, expected + 350);
      }
    }
  }

  @Test
  void epochsHaveNothingToDoWithEachOther() {
    long[] counts = new long[BUCKETS];
    for (int epoch = 1; epoch < EPOCHS; epoch++) {
      for (int place = 0; place < EXAMPLES; place++) {
        counts[bucket(Math.floorMod(orders[epoch][place] - orders[epoch - 1][place], EXAMPLES))]++;
      }
    }
    assertEquallyLikely("steps from epoch to epoch", counts);
  }

  private static int bucket(int index) {
    return (int) ((long) index * BUCKETS / EXAMPLES);
  }
}
