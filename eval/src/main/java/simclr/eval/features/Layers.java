package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import java.util.List;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * Names of representations. The reference's endpoints keep theirs; block groups are averaged over
 * the image, the layers of the projection head count from 1 and the last of them is {@code
 * proj_head_output}.
 */
public final class Layers {
  /** h. */
  public static final String H = "final_avg_pool";

  /** z before normalisation, {@code g(h)}. */
  public static final String Z = "proj_head_output";

  static final String PIXELS = "pixels";
  private static final String BLOCK_GROUP = "block_group";
  private static final String PROJECTION = "proj_head_";
  private static final String HEAD_INPUT = PROJECTION + "input";

  private Layers() {}

  /**
   * Those of a model.
   *
   * @param projections layers of its projection head
   */
  static ImmutableList<String> of(int blockGroups, int projections) {
    ImmutableList.Builder<String> names = ImmutableList.builder();
    for (int i = 1; i <= blockGroups; i++) {
      names.add(BLOCK_GROUP + i);
    }
    names.add(H);
    for (int i = 1; i < projections; i++) {
      names.add(PROJECTION + i);
    }
    if (projections > 0) {
      names.add(Z);
    }
    return names.build();
  }

  /** Whether a name that {@link #resolve} takes is that of a layer of the projection head. */
  public static boolean ofProjectionHead(String asked) {
    return asked.equals("z") || (asked.startsWith(PROJECTION) && !asked.equals(HEAD_INPUT));
  }

  /**
   * The layer that is meant.
   *
   * @param asked a name, {@code h}, {@code z}, or {@code proj_head_input}, which is h
   * @param there those of the encoder
   * @param encoder for the message
   * @throws UserException DATA that lists them if it has no such layer
   */
  static String resolve(String asked, List<String> there, String encoder) {
    String name =
        switch (asked) {
          case "h", HEAD_INPUT -> H;
          case "z" -> Z;
          default -> asked;
        };
    if (!there.contains(name)) {
      throw new UserException(
          ExitCode.DATA,
          "%s has no layer %s, expected one of %s",
          encoder,
          asked,
          String.join(", ", there));
    }
    return name;
  }
}
