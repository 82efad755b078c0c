package simclr.tools;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import simclr.config.UserException.ExitCode;
import simclr.export.serve.ModelServer;
import simclr.export.serve.ServeSettings;

/** {@code serve}: TensorFlow Serving's REST interface over an export, on this machine only. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Answers requests as TensorFlow Serving's REST interface does, on the loopback interface.",
      "The newest version of the export is served; a newer one that appears takes its place"
          + " without a request being lost. Ends at SIGINT or SIGTERM, after the requests that run."
    })
final class ServeCommand implements Callable<Integer> {
  private final Main main;

  @Parameters(
      paramLabel = "<model_dir>",
      description = "What export wrote: the directory of all versions, or one of them.")
  private Path modelDir = Path.of("");

  @Option(
      names = "--port",
      paramLabel = "<int>",
      description = "Port on 127.0.0.1; 0 takes a free one. Default: ${DEFAULT-VALUE}.")
  private int port = 8501;

  @Option(
      names = "--model_name",
      paramLabel = "<name>",
      description = "As in /v1/models/<name>. Default: ${DEFAULT-VALUE}.")
  private String modelName = "simclr";

  @Option(
      names = "--max_batch_size",
      paramLabel = "<int>",
      description = "Images computed together. Default: ${DEFAULT-VALUE}.")
  private int maxBatchSize = 32;

  @Option(
      names = "--batch_timeout_micros",
      paramLabel = "<int>",
      description = "How long an image waits for others. Default: ${DEFAULT-VALUE}.")
  private long batchTimeoutMicros = 2000;

  @Option(
      names = "--max_enqueued_batches",
      paramLabel = "<int>",
      description = "Batches that may wait; beyond, 503 is answered. Default: ${DEFAULT-VALUE}.")
  private int maxEnqueuedBatches = 16;

  @Option(
      names = "--file_system_poll_wait_seconds",
      paramLabel = "<double>",
      description = "Interval at which newer versions are polled for. Default: ${DEFAULT-VALUE}.")
  private double pollSeconds = 1;

  @Option(
      names = "--max_body_mib",
      paramLabel = "<int>",
      description = "Longest request in MiB. Default: ${DEFAULT-VALUE}.")
  private long maxBodyMib = 64;

  @Option(
      names = "--allowed_hosts",
      paramLabel = "<name,...>",
      split = ",",
      description =
          "Names under which it answers beside localhost, 127.0.0.1 and [::1], for a proxy on this"
              + " machine. Requests with another Host, or from the page of another site, get 403.")
  private List<String> allowedHosts = List.of();

  @Mixin private final TimeLimitOptions limits = new TimeLimitOptions();

  ServeCommand(Main main) {
    this.main = main;
  }

  @Override
  public Integer call() throws InterruptedException {
    ServeSettings settings =
        new ServeSettings(
            modelDir,
            modelName,
            port,
            maxBatchSize,
            Duration.of(batchTimeoutMicros, ChronoUnit.MICROS),
            maxEnqueuedBatches,
            Duration.ofMillis((long) (pollSeconds * 1000)),
            maxBodyMib << 20,
            ImmutableList.copyOf(allowedHosts),
            limits.limits());
    CountDownLatch stop = new CountDownLatch(1);
    try (Interrupts interrupts = Interrupts.install(stop::countDown);
        ModelServer server = ModelServer.start(settings, main.reporter())) {
      main.out().println(main.json() ? json(server) : sentence(server));
      if (main.out().checkError()) {
        return ExitCode.OK.status(); // which becomes the status of an output that failed
      }
      stop.await();
      main.reporter().line("stopping: requests that run are finished");
      return interrupts.status().orElseThrow();
    }
  }

  private String sentence(ModelServer server) {
    return String.format(
        Locale.ROOT,
        "version %d of %s answers at %s:predict",
        server.version(),
        modelDir,
        server.url());
  }

  private static String json(ModelServer server) {
    return new ObjectMapper()
        .createObjectNode()
        .put("url", server.url())
        .put("port", server.port())
        .put("version", server.version())
        .toString();
  }
}
