package simclr.train.evaluate;

/** A mean accumulated in float32, as the reference's metrics are; 0 before the first value. */
public final class RunningMean {
  private float total;
  private float count;

  public void add(float value) {
    total += value;
    count++;
  }

  public float mean() {
    return count == 0 ? 0 : total / count;
  }

  public void reset() {
    total = 0;
    count = 0;
  }
}
