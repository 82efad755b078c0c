package simclr.checkpoint;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_CheckpointReaderGetVariable;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_CheckpointReaderGetVariableDataType;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_CheckpointReaderGetVariableNumDims;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_CheckpointReaderGetVariableShape;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_CheckpointReaderSize;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteCheckpointReader;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewCheckpointReader;

import com.google.common.collect.ImmutableList;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BytePointer;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.internal.c_api.TF_CheckpointReader;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import simclr.checkpoint.CheckpointFile.Entry;

/**
 * Lists a checkpoint through TensorFlow's own reader, which only the C interface offers. That
 * interface is internal to TensorFlow-Java, so nothing else here touches it.
 */
final class IndexReader {
  private IndexReader() {}

  /**
   * Reads the index file, not the data.
   *
   * @return the tensors, sorted by key
   * @throws TensorFlowException if there is no index, or it is cut or corrupt
   */
  static ImmutableList<Entry> list(String prefix) {
    try (TF_Status status = TF_Status.newStatus();
        BytePointer path = new BytePointer(prefix, StandardCharsets.UTF_8)) {
      TF_CheckpointReader reader = TF_NewCheckpointReader(path, status);
      status.throwExceptionIfNotOK();
      try {
        return IntStream.range(0, TF_CheckpointReaderSize(reader))
            .mapToObj(i -> entry(reader, i, status))
            .sorted(Comparator.comparing(Entry::key))
            .collect(ImmutableList.toImmutableList());
      } finally {
        TF_DeleteCheckpointReader(reader);
      }
    }
  }

  private static Entry entry(TF_CheckpointReader reader, int index, TF_Status status) {
    String key = TF_CheckpointReaderGetVariable(reader, index).getString(StandardCharsets.UTF_8);
    try (BytePointer name = new BytePointer(key, StandardCharsets.UTF_8)) {
      int rank = TF_CheckpointReaderGetVariableNumDims(reader, name);
      long[] dimensions = new long[Math.max(rank, 1)]; // the interface takes no empty array
      TF_CheckpointReaderGetVariableShape(reader, name, dimensions, rank, status);
      status.throwExceptionIfNotOK();
      int type = TF_CheckpointReaderGetVariableDataType(reader, name);
      return new Entry(
          key, DataType.forNumber(type), Shape.of(Arrays.copyOf(dimensions, Math.max(rank, 0))));
    }
  }
}
