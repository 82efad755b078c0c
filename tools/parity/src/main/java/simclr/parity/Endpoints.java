package simclr.parity;

import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.model.SimClrModel;

/** The activations of a forward pass under the names that golden files give them. */
final class Endpoints {
  private Endpoints() {}

  static Map<String, Operand<TFloat32>> of(SimClrModel.Outputs outputs, RunConfig config) {
    Map<String, Operand<TFloat32>> named = new LinkedHashMap<>(outputs.endpoints().named());
    for (int i = 0; i < outputs.normalized().size(); i++) {
      named.put("proj_layer_" + i, outputs.normalized().get(i));
    }
    outputs.logits().ifPresent(logits -> named.put("logits_sup", logits));
    if (config.pretraining()) { // the reference's model does not return it in fine-tuning
      named.put("proj_head_output", outputs.z());
    }
    return named;
  }
}
