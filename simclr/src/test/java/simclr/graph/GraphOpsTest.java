package simclr.graph;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableList;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.op.Ops;

/** Names of operations, in locales with digits of their own too. */
final class GraphOpsTest {
  private final Locale before = Locale.getDefault();

  @AfterEach
  void restore() {
    Locale.setDefault(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "en",
        "fa-IR",
        "ar-EG",
        "ar-u-nu-arab",
        "hi-IN-u-nu-deva",
        "th-TH-u-nu-thai",
        "tr"
      })
  void namesAreThoseOfTensorFlowJavaInEnglish(String locale) {
    Locale.setDefault(Locale.ENGLISH);
    List<String> expected;
    try (Graph graph = new Graph()) {
      expected = names(graph, Ops.create(graph), Ops.create(graph));
    }
    Locale.setDefault(Locale.forLanguageTag(locale));
    try (Graph graph = new Graph()) {
      assertThat(names(graph, GraphOps.of(graph), GraphOps.of(graph)))
          .isEqualTo(expected)
          .contains("Const", "Const_1", "part/Const_11", "part_1/x", "part_1/x_1", "x_1");
    }
  }

  @Test
  void digitsOfEveryScriptBecomeThoseOfEnglish() {
    assertThat(GraphOps.withAsciiDigits("a/b_۱۲/c_٣/d_४_5")).isEqualTo("a/b_12/c_3/d_4_5");
  }

  private static List<String> names(Graph graph, Ops first, Ops second) {
    for (Ops tf : ImmutableList.of(first, second)) {
      for (Ops part : ImmutableList.of(tf, tf.withSubScope("part"), tf.withName("x"))) {
        for (int i = 0; i < 12; i++) {
          part.constant(i);
        }
      }
      Ops part = tf.withSubScope("part").withControlDependencies(tf.noOp());
      part.withName("x").constant(1);
      part.withName("x").constant(1);
      assertThat(part.scope().env()).isSameAs(graph);
    }
    List<String> names = new ArrayList<>();
    for (Iterator<GraphOperation> all = graph.operations(); all.hasNext(); ) {
      names.add(all.next().name());
    }
    return names;
  }
}
