package simclr.eval.features;

import java.nio.ByteBuffer;
import simclr.export.bundle.HostTensor;
import simclr.io.NpyDtype;

/** How features are kept in files. */
public enum FeatureDtype {
  FLOAT32(NpyDtype.FLOAT32),

  /** Half the size and 8 bits of precision. */
  BFLOAT16(NpyDtype.BFLOAT16);

  private final NpyDtype npy;

  FeatureDtype(NpyDtype npy) {
    this.npy = npy;
  }

  NpyDtype npy() {
    return npy;
  }

  /** The bytes of a batch. */
  ByteBuffer encode(HostTensor.Floats rows) {
    return npy.encode(rows.values());
  }
}
