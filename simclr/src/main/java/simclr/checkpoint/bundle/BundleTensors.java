package simclr.checkpoint.bundle;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Tensor;

/** Tensors in native memory, until they are closed. */
public final class BundleTensors implements AutoCloseable {
  private final List<Tensor> tensors = new ArrayList<>();

  BundleTensors() {}

  void add(Tensor tensor) {
    tensors.add(tensor);
  }

  public Tensor get(int index) {
    return tensors.get(index);
  }

  int size() {
    return tensors.size();
  }

  @Override
  public void close() {
    tensors.forEach(Tensor::close);
    tensors.clear();
  }
}
