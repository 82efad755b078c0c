package simclr.parity;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Lists;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.graph.GraphOps;
import simclr.parity.AugmentationCase.Operation;

/**
 * The operations of augmentation inside tf.data, where training runs them, against the reference's
 * numbers; {@link GoldenFilesTest} has them alone in a graph.
 */
@Tag("numeric")
final class AugmentationInDatasetTest {
  /** Cases at a time, so that a file takes few sessions. */
  private static final int CHUNK = 60;

  /** The outputs of all cases of a chunk, one behind the other, as a dataset's element has them. */
  private static final class Element {
    private final List<List<String>> names = new ArrayList<>();
    private final List<Class<? extends TType>> types = new ArrayList<>();

    Signature build(Ops tf, List<Operation> operations) {
      Signature.Builder signature = Signature.builder().key("cases");
      signature.input("element", tf.placeholder(TInt64.class));
      for (Operation operation : operations) {
        Map<String, Operand<? extends TType>> outputs = operation.apply(tf);
        names.add(List.copyOf(outputs.keySet()));
        for (String name : names.get(names.size() - 1)) {
          Operand<? extends TType> output = OneOff.get(outputs, name);
          signature.output("output" + types.size(), output);
          types.add(output.type());
        }
      }
      return signature.build();
    }

    List<Map<String, Values>> values(Result result) {
      List<Map<String, Values>> values = new ArrayList<>();
      int next = 0;
      for (List<String> ofCase : names) {
        Map<String, Values> found = new LinkedHashMap<>();
        for (String name : ofCase) {
          found.put(name, Values.of(result.get(next++)));
        }
        values.add(found);
      }
      return values;
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "augment-pixel",
        "augment-jitter",
        "augment-crop",
        "augment-blur",
        "augment-train"
      })
  void everyOutputOfACaseHolds(String name) {
    Checks checks = new Checks();
    List<Fields> cases = GoldenFile.open(GoldenFilesTest.golden(name)).fields().objects("cases");
    assertThat(cases).isNotEmpty();
    for (List<Fields> chunk : Lists.partition(cases, CHUNK)) {
      List<Operation> operations =
          chunk.stream().map(golden -> AugmentationCase.operation(golden, checks)).toList();
      List<Map<String, Values>> found = inDataset(operations);
      for (int i = 0; i < chunk.size(); i++) {
        chunk.get(i).checkOutputs(checks, found.get(i));
      }
    }
    assertThat(checks.verdicts()).hasSizeGreaterThanOrEqualTo(cases.size());
    assertThat(checks.verdicts()).allMatch(Quantity::holds);
  }

  /** All cases in the map function of one dataset of one element. */
  private static List<Map<String, Values>> inDataset(List<Operation> operations) {
    Element element = new Element();
    try (Graph graph = new Graph();
        ConcreteFunction function = GraphOps.function(tf -> element.build(tf, operations))) {
      Ops tf = Ops.create(graph);
      List<Shape> shapes = element.types.stream().map(type -> Shape.unknown()).toList();
      Operand<? extends TType> range =
          tf.data.rangeDataset(
              tf.constant(0L),
              tf.constant(1L),
              tf.constant(1L),
              ImmutableList.of(TInt64.class),
              ImmutableList.of(Shape.scalar()));
      Operand<? extends TType> mapped =
          tf.data.mapDataset(range, ImmutableList.of(), function, element.types, shapes);
      Operand<? extends TType> iterator = tf.data.iterator("cases", "", element.types, shapes);
      Op make = tf.data.makeIterator(mapped, iterator);
      Op next = tf.data.iteratorGetNext(iterator, element.types, shapes);
      try (Session session = new Session(graph)) {
        session.runner().addTarget(make).run().close();
        Session.Runner runner = session.runner();
        for (int i = 0; i < element.types.size(); i++) {
          runner.fetch(next.op().output(i));
        }
        try (Result result = runner.run()) {
          return element.values(result);
        }
      }
    }
  }
}
