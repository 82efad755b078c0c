package simclr.parity;

import com.google.common.base.Splitter;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import simclr.model.VariableSpec.Initializer;
import simclr.model.VariableSpec.Kind;
import simclr.model.Variables;

/** Registers variables under given Keras names, without a model around them. */
final class NamedVariables {
  private final Variables variables;

  NamedVariables(Ops tf) {
    this.variables = Variables.inGraph(tf, true);
  }

  /** All that were added, in that order. */
  Variables variables() {
    return variables;
  }

  /**
   * Adds one.
   *
   * @param name such as {@code net/conv2d/kernel}; its last part says what kind it is
   */
  void add(Fields where, String name, Shape shape) {
    List<String> parts = Splitter.on('/').splitToList(name);
    String attribute = parts.get(parts.size() - 1);
    Kind kind =
        Arrays.stream(Kind.values())
            .filter(candidate -> candidate.attribute().equals(attribute))
            .findFirst()
            .orElseThrow(
                () ->
                    where.error(
                        "variable %s ends in %s, expected one of %s",
                        name,
                        attribute,
                        Arrays.stream(Kind.values()).map(Kind::attribute).toList()));
    Variables.Scope scope = variables.root().child(variables.all().size());
    for (String part : parts.subList(0, parts.size() - 1)) {
      scope = scope.named(part);
    }
    scope.variable(kind, shape, Initializer.zeros());
  }
}
