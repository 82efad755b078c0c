package simclr.eval.study;

import com.google.common.collect.ImmutableMap;
import java.util.Optional;

/**
 * One run of a study.
 *
 * @param name tells it from the others
 * @param flags of the run, without {@code --model_dir}
 * @param published setting of the published row that shows the same choice
 */
record PlannedRun(String name, ImmutableMap<String, String> flags, Optional<String> published) {

  /** Its directory's name: letters, digits and a few marks of its name. */
  String directory() {
    return name.replaceAll("[^A-Za-z0-9.=+_-]+", "-").replaceAll("^-|-$", "");
  }
}
