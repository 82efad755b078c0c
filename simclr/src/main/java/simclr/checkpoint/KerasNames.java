package simclr.checkpoint;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.model.VariableSpec.Part;

/** Names of Keras' variables, for SavedModels that were built in a way that hides the objects. */
public final class KerasNames {
  private static final Pattern ENCODER =
      Pattern.compile("resnet/(?:.*/)?((?:conv2d|batch_normalization)(?:_\\d+)?/\\w+)");
  private static final Pattern PROJECTION =
      Pattern.compile("projection_head/(n?l_\\d+)/dense(?:_\\d+)?/(\\w+)");
  private static final Pattern CLASSIFIER =
      Pattern.compile("head_supervised/linear_layer/dense(?:_\\d+)?/(\\w+)");

  private KerasNames() {}

  /** Without what depends on {@code --global_bn}, and without {@code :0}. */
  public static String normal(String name) {
    return name.replaceFirst(":0$", "")
        .replace("/sync_batch_normalization", "/batch_normalization");
  }

  /** TF1's name of the same layer, by which the architecture is told; the numbers are the same. */
  static String asTf1(String normal) {
    Matcher encoder = ENCODER.matcher(normal);
    if (encoder.matches()) {
      return Part.ENCODER.tf1Scope() + '/' + encoder.group(1);
    }
    Matcher projection = PROJECTION.matcher(normal);
    if (projection.matches()) {
      return Part.PROJECTION_HEAD.tf1Scope()
          + '/'
          + projection.group(1)
          + "/dense/"
          + projection.group(2);
    }
    Matcher classifier = CLASSIFIER.matcher(normal);
    return classifier.matches()
        ? Part.SUPERVISED_HEAD.tf1Scope() + "/linear_layer/dense/" + classifier.group(1)
        : normal;
  }
}
