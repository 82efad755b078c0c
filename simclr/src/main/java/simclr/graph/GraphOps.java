package simclr.graph;

import java.util.function.Function;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Graph;
import org.tensorflow.Operation;
import org.tensorflow.Signature;
import org.tensorflow.op.Ops;
import org.tensorflow.op.Scope;

/**
 * Operations of a graph whose names are the same in every locale.
 *
 * <p>TensorFlow-Java numbers the second operation of a name by {@code String.format("%s_%d")}, with
 * the digits of the default locale; TensorFlow refuses those of Arabic, Persian or Hindi. A library
 * may not change the default of the program that it is in, so the names are mended on their way.
 */
public final class GraphOps {
  private GraphOps() {}

  /** What builds operations into the graph. */
  public static Ops of(Graph graph) {
    return Ops.create(new Environment(graph));
  }

  /** A function whose body is built by operations of such names. */
  public static ConcreteFunction function(Function<Ops, Signature> body) {
    return ConcreteFunction.create(tf -> body.apply(of((Graph) tf.scope().env())));
  }

  /** A text with every digit as in English. */
  static String withAsciiDigits(String name) {
    StringBuilder plain = new StringBuilder(name.length());
    name.codePoints()
        .map(c -> Character.isDigit(c) ? Character.forDigit(Character.digit(c, 10), 10) : c)
        .forEach(plain::appendCodePoint);
    return plain.toString();
  }

  /** Differs from the graph in the scope that operations start from. */
  private record Environment(Graph graph) implements ExecutionEnvironment {
    @Override
    public Scope baseScope() {
      return new PlainScope(graph.baseScope());
    }

    @Override
    public org.tensorflow.OperationBuilder opBuilder(String type, String name, Scope scope) {
      return graph.opBuilder(type, name, scope);
    }

    @Override
    public void attachFunction(ConcreteFunction function) {
      graph.attachFunction(function);
    }

    @Override
    public void checkInput(Operation input) {
      graph.checkInput(input);
    }

    @Override
    public Types environmentType() {
      return graph.environmentType();
    }

    @Override
    public boolean isInitializer(Operation operation) {
      return graph.isInitializer(operation);
    }
  }
}
