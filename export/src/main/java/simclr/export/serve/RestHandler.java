package simclr.export.serve;

import static simclr.export.serve.HttpError.badRequest;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import simclr.config.Reporter;

/**
 * TensorFlow Serving's REST interface over one model.
 *
 * <pre>
 *   GET  /v1/models/NAME[/versions/V]            state of the versions
 *   GET  /v1/models/NAME[/versions/V]/metadata   signatures
 *   POST /v1/models/NAME[/versions/V]:predict    values
 * </pre>
 *
 * <p>Errors are {@code {"error": "..."}} with the status that TensorFlow Serving gives.
 */
final class RestHandler implements HttpHandler {
  private static final Pattern METHOD =
      Pattern.compile("/v1/models/([^/:]+)(?:/versions/(\\d{1,18}))?:(predict|classify|regress)");
  private static final Pattern STATUS =
      Pattern.compile("/v1/models/([^/:]+)(?:/versions/(\\d{1,18}))?(/metadata)?");

  /** What is read of a request from another site before it gets its answer. */
  private static final long MOST_OF_FORBIDDEN = 1 << 20;

  private final ServeSettings settings;
  private final AllowedHosts hosts;
  private final Versions versions;
  private final Reporter reporter;
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicBoolean stopping = new AtomicBoolean();

  RestHandler(ServeSettings settings, Versions versions, Reporter reporter) {
    this.settings = settings;
    this.hosts = settings.hosts();
    this.versions = versions;
    this.reporter = reporter;
  }

  private static final class Answer {
    private final int status;
    private final byte[] body;

    Answer(int status, byte[] body) {
      this.status = status;
      this.body = body;
    }
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    running.incrementAndGet();
    try (exchange) {
      RequestBody body = new RequestBody(exchange.getRequestBody(), settings.maxBodyBytes());
      Answer answer = answerOrError(exchange, body);
      boolean forbidden = answer.status == HttpError.FORBIDDEN;
      body.discard(forbidden ? MOST_OF_FORBIDDEN : RequestBody.MOST_DISCARDED);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      if (forbidden || stopping.get()) {
        exchange.getResponseHeaders().set("Connection", "close");
      }
      exchange.sendResponseHeaders(answer.status, answer.body.length);
      exchange.getResponseBody().write(answer.body);
    } finally {
      running.decrementAndGet();
    }
  }

  /** From now on requests are refused; those that run go on. */
  void stopTaking() {
    stopping.set(true);
  }

  /** Whether requests are being answered. */
  boolean busy() {
    return running.get() > 0;
  }

  private Answer answerOrError(HttpExchange exchange, RequestBody body) throws IOException {
    try {
      hosts.require(exchange.getRequestHeaders(), exchange.getRequestURI());
      if (stopping.get()) {
        throw new HttpError(HttpError.UNAVAILABLE, "the server is stopping");
      }
      return answer(exchange, body);
    } catch (HttpError refusal) {
      return error(refusal.status(), refusal.sentence());
    } catch (OutOfMemoryError e) {
      return error(
          HttpError.EXHAUSTED,
          "the server has no memory left for this request, expected fewer instances at a time");
    } catch (RuntimeException e) {
      reporter.line("a request failed: " + e);
      return error(HttpError.INTERNAL, String.valueOf(e.getMessage()));
    }
  }

  private Answer answer(HttpExchange exchange, RequestBody body) throws IOException {
    String method = exchange.getRequestMethod().toUpperCase(Locale.ROOT);
    String path = exchange.getRequestURI().getPath();
    Matcher verb = METHOD.matcher(path);
    Matcher status = STATUS.matcher(path);
    if (method.equals("POST") && verb.matches()) {
      return post(exchange, body, verb);
    } else if (method.equals("GET") && status.matches()) {
      return get(status);
    } else if (!path.startsWith("/v1/")) {
      throw new HttpError(
          HttpError.NOT_FOUND,
          "%s is not here, expected /v1/models/%s",
          path,
          settings.modelName());
    }
    throw badRequest("Malformed request: %s %s", method, path);
  }

  private Answer post(HttpExchange exchange, RequestBody body, Matcher path) throws IOException {
    requirePlain(exchange);
    ServedVersion version = acquire(path.group(1), path.group(2));
    try {
      if (!path.group(3).equals("predict")) {
        throw badRequest(
            "Expected %s signature method_name to be tensorflow/serving/%s. Was:"
                + " tensorflow/serving/predict: use :predict",
            path.group(3), path.group(3));
      }
      PredictRequest request = PredictRequest.read(body, version.inputNames());
      BoundRequest bound = BoundRequest.of(request, version.model());
      return new Answer(200, PredictResponse.json(request.rowFormat(), version.run(bound)));
    } finally {
      version.release();
    }
  }

  private Answer get(Matcher path) {
    if (path.group(3) != null) {
      ServedVersion version = acquire(path.group(1), path.group(2));
      try {
        return new Answer(200, ModelDescription.metadata(settings.modelName(), version));
      } finally {
        version.release();
      }
    }
    SortedMap<Long, ModelDescription.Status> statuses = versions.statuses();
    if (!path.group(1).equals(settings.modelName())) {
      throw new HttpError(
          HttpError.NOT_FOUND, "Could not find any versions of model %s", path.group(1));
    }
    if (path.group(2) != null) {
      long number = Long.parseLong(path.group(2));
      ModelDescription.Status status = statuses.get(number);
      if (status == null) {
        throw new HttpError(
            HttpError.NOT_FOUND, "Could not find version %s of model %s", number, path.group(1));
      }
      statuses = new TreeMap<>();
      statuses.put(number, status);
    }
    return new Answer(200, ModelDescription.status(statuses));
  }

  private ServedVersion acquire(String name, String version) {
    if (!name.equals(settings.modelName())) {
      throw new HttpError(
          HttpError.NOT_FOUND,
          "Servable not found for request: %s, expected the model %s",
          version == null ? "Latest(" + name + ")" : "Specific(" + name + ", " + version + ")",
          settings.modelName());
    }
    if (version == null) {
      return versions.acquire();
    }
    return versions
        .acquire(Long.parseLong(version))
        .orElseThrow(
            () ->
                new HttpError(
                    HttpError.NOT_FOUND,
                    "Servable not found for request: Specific(%s, %s), expected version %s",
                    name,
                    version,
                    versions.statuses().lastKey()));
  }

  private void requirePlain(HttpExchange exchange) {
    String encoding = exchange.getRequestHeaders().getFirst("Content-Encoding");
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      throw new HttpError(
          HttpError.UNSUPPORTED_MEDIA, "Content-Encoding is %s, expected none", encoding);
    }
    String length = exchange.getRequestHeaders().getFirst("Content-Length");
    if (length != null
        && (length.length() > 18 || Long.parseLong(length) > settings.maxBodyBytes())) {
      throw RequestBody.tooLarge(settings.maxBodyBytes());
    }
  }

  private static Answer error(int status, String message) {
    return new Answer(status, ModelDescription.error(message));
  }
}
