package simclr.data.augment;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Case;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.StatelessCase;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import simclr.graph.GraphOps;

/** A change of an image by a number, such as of its contrast by a factor. */
@FunctionalInterface
interface ImageOp {
  /**
   * Functions are named by a hash of their body that does not see the shapes of arguments, so the
   * arguments must not have any that differ between images.
   */
  Shape ANY_IMAGE = Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, 3);

  /** Leaves the image as it is. */
  ImageOp NONE = (tf, image, factor) -> tf.identity(image);

  /**
   * Adds the ops.
   *
   * @param image shape (height, width, 3)
   * @param factor scalar
   */
  Operand<TFloat32> apply(Ops tf, Operand<TFloat32> image, Operand<TFloat32> factor);

  /**
   * Applies the op that {@code index} names; the others are not computed.
   *
   * <p>Branches are functions of the graph. Selecting between computed images instead ({@code
   * SelectV2} with a scalar condition) costs 1.5 ms for an image of 224 pixels.
   *
   * @param index scalar in [0, ops.size())
   */
  static Operand<TFloat32> switchCase(
      Ops tf,
      Operand<TInt32> index,
      Operand<TFloat32> image,
      Operand<TFloat32> factor,
      List<ImageOp> ops) {
    List<ConcreteFunction> branches = ops.stream().map(ImageOp::branch).toList();
    try {
      StatelessCase chosen =
          StatelessCase.create(
              tf.scope(),
              index,
              ImmutableList.of(image, factor),
              ImmutableList.of(TFloat32.class),
              branches,
              Case.outputShapes(image.shape()));
      return chosen.op().output(0);
    } finally {
      // The graph has its own copies.
      branches.forEach(ConcreteFunction::close);
    }
  }

  private static ConcreteFunction branch(ImageOp change) {
    return GraphOps.function(
        tf -> {
          Operand<TFloat32> image = tf.placeholder(TFloat32.class, Placeholder.shape(ANY_IMAGE));
          Operand<TFloat32> factor =
              tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
          return Signature.builder()
              .key("image_op")
              .input("image", image)
              .input("factor", factor)
              .output("changed", change.apply(tf, image, factor))
              .build();
        });
  }
}
