package simclr.data.pipeline;

import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * The images of one step, over all replicas.
 *
 * @param images shape (n, height, width, 3 * views), values in [0, 1]; the views of an image lie
 *     one behind the other in its channels
 * @param labels shape (n,): class indices, or -1 where the data set has no labels
 */
public record Batch(Operand<TFloat32> images, Operand<TInt64> labels) {}
