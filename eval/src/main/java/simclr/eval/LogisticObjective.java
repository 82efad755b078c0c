package simclr.eval;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Mean cross entropy of a linear classifier plus an L2 penalty, with its gradient.
 *
 * <p>Parameters lie class by class: the weights of the features, then the intercept. The features
 * are held by row and by column, because each of the two products then is a sum of scaled arrays,
 * which the compiler turns into vector instructions (it does not do so for dot products). Work is
 * split so that every sum belongs to one block: the order of additions is fixed.
 */
final class LogisticObjective implements Lbfgs.Objective {
  private static final int BLOCK = 256;

  private final float[][] rows;
  private final float[][] columns;
  private final int[] labels;
  private final int classes;
  private final double l2;

  LogisticObjective(float[][] rows, int[] labels, int classes, double l2) {
    this.rows = rows;
    this.columns = transpose(rows);
    this.labels = labels;
    this.classes = classes;
    this.l2 = l2;
  }

  int dimension() {
    return classes * (columns.length + 1);
  }

  @Override
  public double valueAndGradient(double[] at, double[] gradient) {
    int width = columns.length;
    float[][] residuals = new float[classes][rows.length];
    double[] losses = new double[rows.length];
    blocks(rows.length).parallel().forEach(block -> classify(block, at, residuals, losses));
    Arrays.fill(gradient, 0);
    blocks(width).parallel().forEach(block -> addGradient(block, residuals, gradient));

    double penalty = 0;
    for (int c = 0; c < classes; c++) {
      int first = c * (width + 1);
      for (int d = first; d < first + width; d++) {
        penalty += at[d] * at[d];
        gradient[d] = gradient[d] / rows.length + l2 * at[d];
      }
      double sum = 0;
      for (float residual : residuals[c]) {
        sum += residual;
      }
      gradient[first + width] = sum / rows.length;
    }
    return Arrays.stream(losses).sum() / rows.length + l2 / 2 * penalty;
  }

  /** Fills a block of examples: probability minus truth by class, and the cross entropy. */
  private void classify(int block, double[] at, float[][] residuals, double[] losses) {
    int width = columns.length;
    int from = block * BLOCK;
    int until = Math.min(from + BLOCK, rows.length);
    for (int c = 0; c < classes; c++) {
      Arrays.fill(residuals[c], from, until, (float) at[c * (width + 1) + width]);
    }
    for (int d = 0; d < width; d++) {
      for (int c = 0; c < classes; c++) {
        addScaled(residuals[c], (float) at[c * (width + 1) + d], columns[d], from, until);
      }
    }
    for (int i = from; i < until; i++) {
      losses[i] = logitsToResiduals(i, residuals);
    }
  }

  private double logitsToResiduals(int example, float[][] logits) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      largest = Math.max(largest, logits[c][example]);
    }
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      sum += Math.exp(logits[c][example] - largest);
    }
    double logOfSum = largest + Math.log(sum);
    double loss = logOfSum - logits[labels[example]][example];
    for (int c = 0; c < classes; c++) {
      double probability = Math.exp(logits[c][example] - logOfSum);
      logits[c][example] = (float) (probability - (labels[example] == c ? 1 : 0));
    }
    return loss;
  }

  /** Sums residual times feature over the examples, for a block of features. */
  private void addGradient(int block, float[][] residuals, double[] gradient) {
    int width = columns.length;
    int from = block * BLOCK;
    int until = Math.min(from + BLOCK, width);
    float[][] sums = new float[classes][width];
    for (int chunk = 0; chunk < rows.length; chunk += BLOCK) {
      // Sums of single precision stay short, so that rounding does not grow with the data.
      for (float[] sum : sums) {
        Arrays.fill(sum, from, until, 0);
      }
      int end = Math.min(chunk + BLOCK, rows.length);
      for (int i = chunk; i < end; i++) {
        for (int c = 0; c < classes; c++) {
          addScaled(sums[c], residuals[c][i], rows[i], from, until);
        }
      }
      for (int c = 0; c < classes; c++) {
        for (int d = from; d < until; d++) {
          gradient[c * (width + 1) + d] += sums[c][d];
        }
      }
    }
  }

  private static void addScaled(float[] to, float factor, float[] from, int begin, int end) {
    for (int i = begin; i < end; i++) {
      to[i] += factor * from[i];
    }
  }

  private static IntStream blocks(int length) {
    return IntStream.range(0, (length + BLOCK - 1) / BLOCK);
  }

  private static float[][] transpose(float[][] rows) {
    float[][] columns = new float[rows[0].length][rows.length];
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < columns.length; d++) {
        columns[d][i] = rows[i][d];
      }
    }
    return columns;
  }
}
