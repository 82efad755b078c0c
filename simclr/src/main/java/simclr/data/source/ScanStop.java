package simclr.data.source;

import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Whether the reading of a data set is to end before it is done, as a signal asks for. */
record ScanStop(BooleanSupplier wanted) {
  static final ScanStop NEVER = new ScanStop(() -> false);

  /** Throws a {@link CancellationException} if it is. */
  void check() {
    if (wanted.getAsBoolean()) {
      throw new CancellationException("the data set is not read to its end");
    }
  }
}
