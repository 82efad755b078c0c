package simclr.train.evaluate;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import simclr.config.RunJson;
import simclr.summary.Tag;

/**
 * What an evaluation found.
 *
 * @param step of the checkpoint
 * @param regularizationLoss the weight-decay term of the loss
 * @param top1 share of examples classified right, in [0, 1]
 * @param top5 share of examples whose label is among the five likeliest classes
 */
record EvaluationResult(long step, float regularizationLoss, float top1, float top5) {

  /** The values under the reference's tags, in its order. */
  Map<Tag, Float> scalars() {
    Map<Tag, Float> scalars = new EnumMap<>(Tag.class);
    scalars.put(Tag.REGULARIZATION_LOSS, regularizationLoss);
    scalars.put(Tag.LABEL_TOP_1_ACCURACY, top1);
    scalars.put(Tag.LABEL_TOP_5_ACCURACY, top5);
    return scalars;
  }

  /**
   * {@code result.json} with the reference's members, in its order: doubles throughout, the step
   * too.
   */
  byte[] json() {
    Map<String, Double> members = new LinkedHashMap<>();
    scalars().forEach((tag, value) -> members.put(tag.toString(), (double) value));
    members.put("global_step", (double) step);
    return RunJson.bytes(members);
  }
}
