package simclr.export.savedmodel;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableDoubleArray;
import java.util.Locale;
import java.util.Optional;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;

/**
 * A small tensor in Java's memory.
 *
 * @param numbers empty for text
 * @param texts empty for numbers
 */
record Values(Shape shape, ImmutableDoubleArray numbers, ImmutableList<String> texts) {
  /** Of the largest number of a tensor. */
  private static final double TOLERANCE = 1e-5;

  static Values of(Tensor tensor) {
    ImmutableDoubleArray.Builder numbers = ImmutableDoubleArray.builder();
    ImmutableList.Builder<String> texts = ImmutableList.builder();
    if (tensor instanceof TFloat32 floats) {
      floats.scalars().forEach(x -> numbers.add(x.getFloat()));
    } else {
      checkArgument(tensor instanceof TString, "a tensor of %s", tensor.dataType());
      ((TString) tensor).scalars().forEach(x -> texts.add(x.getObject()));
    }
    return new Values(tensor.shape(), numbers.build(), texts.build());
  }

  /** The same texts in each of {@code rows} rows. */
  static Values repeated(ImmutableList<String> texts, int rows) {
    ImmutableList.Builder<String> all = ImmutableList.builder();
    for (int i = 0; i < rows; i++) {
      all.addAll(texts);
    }
    return new Values(Shape.of(rows, texts.size()), ImmutableDoubleArray.of(), all.build());
  }

  /** What is wrong with {@code found} in place of these; empty if it agrees. */
  Optional<String> disagreement(Values found) {
    if (!shape.equals(found.shape)) {
      return Optional.of(
          String.format(Locale.ROOT, "has shape %s, expected %s", found.shape, shape));
    }
    if (!texts.equals(found.texts)) {
      return Optional.of(String.format(Locale.ROOT, "is %s, expected %s", found.texts, texts));
    }
    double largest = numbers.stream().map(Math::abs).max().orElse(0);
    double worst = 0;
    for (int i = 0; i < numbers.length(); i++) {
      double apart = Math.abs(numbers.get(i) - found.numbers.get(i));
      worst = apart <= worst ? worst : apart; // NaN counts as apart
    }
    return worst <= TOLERANCE * largest
        ? Optional.empty()
        : Optional.of(
            String.format(Locale.ROOT, "is off by %s with values up to %s", worst, largest));
  }
}
