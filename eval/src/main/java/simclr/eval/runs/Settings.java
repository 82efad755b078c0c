package simclr.eval.runs;

import com.google.common.collect.ImmutableMap;
import java.util.Map;
import org.tensorflow.TensorFlow;
import simclr.config.RunConfig;

/** What a run was asked to do, and where a page is made, as names and values. */
final class Settings {
  private Settings() {}

  /** The flags that differ from the reference's defaults. */
  static ImmutableMap<String, String> changed(RunConfig config) {
    Map<String, ?> defaults = RunConfig.defaults().toFlags();
    ImmutableMap.Builder<String, String> settings = ImmutableMap.builder();
    config
        .toFlags()
        .forEach(
            (flag, value) -> {
              if (value != null && !value.equals(defaults.get(flag))) {
                settings.put("--" + flag, value.toString());
              }
            });
    return settings.buildOrThrow();
  }

  /** The machine that this process runs on. */
  static ImmutableMap<String, String> environment() {
    return ImmutableMap.of(
        "TensorFlow",
        TensorFlow.version(),
        "Java",
        System.getProperty("java.vm.name") + " " + Runtime.version(),
        "System",
        System.getProperty("os.name") + " " + System.getProperty("os.arch"),
        "Processors",
        Integer.toString(Runtime.getRuntime().availableProcessors()));
  }
}
