package simclr.checkpoint;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The numbers that Python gives to the objects it saves. */
public final class ObjectNumbers {
  private ObjectNumbers() {}

  /** Numbers what can be reached from the root, breadth first; iterates in that order. */
  public static <N> Map<N, Integer> of(N root, Function<N, Collection<N>> children) {
    Map<N, Integer> numbers = new LinkedHashMap<>();
    ArrayDeque<N> next = new ArrayDeque<>(List.of(root));
    while (!next.isEmpty()) {
      N node = next.remove();
      if (numbers.putIfAbsent(node, numbers.size()) == null) {
        next.addAll(children.apply(node));
      }
    }
    return numbers;
  }
}
