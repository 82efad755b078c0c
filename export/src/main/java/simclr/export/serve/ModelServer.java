package simclr.export.serve;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/**
 * An export behind TensorFlow Serving's REST interface, on the loopback interface of this machine
 * only. For trying things and for tests; TensorFlow Serving itself is for production, and takes the
 * same directory.
 */
public final class ModelServer implements AutoCloseable {
  private static final int BACKLOG = 1024;
  private static final Duration GRACE = Duration.ofSeconds(30);

  /**
   * Connections at a time. Each may hold a thread, which reads its request or waits for its batch,
   * so that no number of unfinished requests keeps one with a connection waiting.
   */
  private static final int MOST_CONNECTIONS = 2048;

  static {
    // Read by the JDK's server when it is loaded: without it answers wait 40 ms for an
    // acknowledgement on connections that are kept.
    setDefault("sun.net.httpserver.nodelay", "true");
    setDefault("sun.net.httpserver.maxIdleConnections", "1024");
    // A request that is not there whole after so many seconds is dropped with its connection.
    setDefault("sun.net.httpserver.maxReqTime", "60");
    setDefault("jdk.httpserver.maxConnections", Integer.toString(MOST_CONNECTIONS));
  }

  private final ServeSettings settings;
  private final HttpServer server;
  private final ExecutorService requests;
  private final RestHandler handler;
  private final Versions versions;

  private ModelServer(ServeSettings settings, Versions versions, Reporter reporter)
      throws IOException {
    this.settings = settings;
    this.versions = versions;
    this.handler = new RestHandler(settings, versions, reporter);
    this.requests = threads();
    this.server =
        HttpServer.create(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), settings.port()), BACKLOG);
    server.setExecutor(requests);
    server.createContext("/", handler);
    server.start();
  }

  /**
   * Loads the newest version and takes requests.
   *
   * @param reporter hears of versions that come, go or are broken
   * @throws UserException if there is no version that can be loaded, or the port is taken
   */
  public static ModelServer start(ServeSettings settings, Reporter reporter) {
    Versions versions = Versions.open(settings, reporter);
    try {
      return new ModelServer(settings, versions, reporter);
    } catch (IOException e) {
      versions.close();
      throw new UserException(
          ExitCode.USAGE,
          "--port is %s, which is not available (%s), expected a free port, or 0 for any",
          settings.port(),
          String.valueOf(e.getMessage()));
    }
  }

  /** The port that it listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Where the model is: {@code http://127.0.0.1:8501/v1/models/simclr}. */
  public String url() {
    return String.format(
        Locale.ROOT,
        "http://%s:%d/v1/models/%s",
        server.getAddress().getAddress().getHostAddress(),
        port(),
        settings.modelName());
  }

  /** The version that answers requests. */
  public long version() {
    ServedVersion version = versions.acquire();
    try {
      return version.number();
    } finally {
      version.release();
    }
  }

  /** Whether requests are being answered. */
  boolean busy() {
    return handler.busy();
  }

  /** Takes no more requests, finishes those that run, and unloads the model. */
  @Override
  public void close() {
    handler.stopTaking();
    long until = System.nanoTime() + GRACE.toNanos();
    while (handler.busy() && System.nanoTime() - until < 0) {
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      }
    }
    server.stop(0);
    requests.shutdown();
    versions.close();
  }

  private static ExecutorService threads() {
    AtomicInteger number = new AtomicInteger();
    return new ThreadPoolExecutor(
        0,
        MOST_CONNECTIONS,
        10,
        TimeUnit.SECONDS,
        new SynchronousQueue<>(),
        task -> {
          Thread thread = new Thread(task, "request-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        });
  }

  private static void setDefault(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
