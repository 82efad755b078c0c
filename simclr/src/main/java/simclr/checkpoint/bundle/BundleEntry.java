package simclr.checkpoint.bundle;

import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * A tensor as the index lists it.
 *
 * @param shard number of the data file
 * @param size bytes in that file
 * @param crc masked CRC-32C of the values
 */
public record BundleEntry(
    String key, DataType type, Shape shape, int shard, long offset, long size, int crc) {

  long end() {
    return offset + size;
  }

  long elements() {
    return shape.size();
  }
}
