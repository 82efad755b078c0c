package simclr.export.savedmodel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.util.Locale;
import simclr.io.DurableFiles;

/** The two files that TensorFlow Serving is started with, in its text format. */
final class ServingConfig {
  private static final String MODELS = "models.config";
  private static final String BATCHING = "batching.config";

  private ServingConfig() {}

  /**
   * Writes {@code models.config} (for {@code --model_config_file}) and {@code batching.config} (for
   * {@code --enable_batching --batching_parameters_file}).
   *
   * @param base directory of the versions; the files go there too
   * @throws simclr.config.UserException CANNOT_WRITE, naming the file
   */
  static void write(Path base) {
    DurableFiles.write(base.resolve(MODELS), models(base).getBytes(UTF_8));
    DurableFiles.write(base.resolve(BATCHING), batching().getBytes(UTF_8));
  }

  private static String models(Path base) {
    return String.format(
        Locale.ROOT,
        """
        model_config_list {
          config {
            name: "%s"
            base_path: "%s"
            model_platform: "tensorflow"
          }
        }
        """,
        SavedModelExport.MODEL_NAME,
        quoted(base.toAbsolutePath().normalize()));
  }

  /** A request waits for 2 ms at most; threads are left to the server: one for each core. */
  private static String batching() {
    return """
    max_batch_size { value: 32 }
    batch_timeout_micros { value: 2000 }
    max_enqueued_batches { value: 100 }
    """;
  }

  private static String quoted(Path path) {
    return path.toString().replace("\\", "\\\\").replace("\"", "\\\"");
  }
}
