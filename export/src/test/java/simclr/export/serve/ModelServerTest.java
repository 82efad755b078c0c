package simclr.export.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.export.Encoder;
import simclr.export.TestExport;
import simclr.export.bundle.TimeLimits;

/** Requests over HTTP, answered by an export. */
@TestInstance(Lifecycle.PER_CLASS)
final class ModelServerTest {
  private static final int SIZE = TestExport.SIZE;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @SuppressWarnings("NullAway.Init")
  private ModelServer server;

  private record Answer(int status, JsonNode body) {
    String error() {
      return body.path("error").asText();
    }
  }

  @BeforeAll
  void start() {
    server = ModelServer.start(settings(TestExport.version()), Reporter.lines(line -> {}));
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @Test
  void pixelsInRowsAndColumnsAndEncodedImagesAnswerAsTheEncoderDoes() throws Exception {
    float[][] expected;
    try (Encoder encoder = Encoder.load(TestExport.version())) {
      expected =
          encoder.embedEncoded(
              List.of(TestExport.png(1, SIZE, SIZE), TestExport.png(2, SIZE, SIZE)));
    }
    String images = "[" + pixels(1) + "," + pixels(2) + "]";
    Answer rows = predict("{\"instances\":" + images + "}");
    assertThat(rows.status()).isEqualTo(200);
    assertThat(rows.body().get("predictions")).hasSize(2);
    Answer columns = predict("{\"inputs\":{\"inputs\":" + images + "}}");
    Answer encoded = predict(encoded(png(1, SIZE), png(2, SIZE)));
    for (int i = 0; i < 2; i++) {
      JsonNode row = rows.body().get("predictions").get(i);
      assertClose(row.get("representation"), expected[i]);
      assertThat(row.get("logits")).hasSize(3);
      assertClose(columns.body().get("outputs").get("representation").get(i), expected[i]);
      JsonNode ofBytes = encoded.body().get("predictions").get(i);
      assertClose(ofBytes.get("representation"), expected[i]);
      assertThat(ofBytes.get("class_names").toString()).isEqualTo("[\"cat\",\"dog\",\"owl\"]");
    }
  }

  @Test
  void oneOutputStandsWithoutItsName() throws Exception {
    Answer rows = predict("{\"signature_name\":\"project\",\"instances\":[" + pixels(1) + "]}");
    assertThat(rows.body().get("predictions").get(0)).hasSize(128);
    Answer columns = predict("{\"signature_name\":\"project\",\"inputs\":[" + pixels(1) + "]}");
    assertThat(columns.body().get("outputs")).isEqualTo(rows.body().get("predictions"));
  }

  @Test
  void imagesOfThreeSizesGoInOneRequest() throws Exception {
    Answer answer = predict(encoded(png(1, 16), png(2, 50), png(3, 7)));
    assertThat(answer.body().get("predictions")).hasSize(3);
  }

  @Test
  void requestLongerThanABatchComesBackInOrder() throws Exception {
    String[] images = IntStream.range(0, 11).mapToObj(i -> png(i, SIZE)).toArray(String[]::new);
    Answer all = predict(encoded(images));
    assertThat(all.body().get("predictions")).hasSize(11);
    Answer last = predict(encoded(images[10]));
    assertClose(
        all.body().get("predictions").get(10).get("representation"),
        floats(last.body().get("predictions").get(0).get("representation")));
  }

  @Test
  void statusAndMetadataAreTensorFlowServings() throws Exception {
    Answer status = get("");
    assertThat(status.body().toString())
        .isEqualTo(
            "{\"model_version_status\":[{\"version\":\"1\",\"state\":\"AVAILABLE\",\"status\":"
                + "{\"error_code\":\"OK\",\"error_message\":\"\"}}]}");
    assertThat(get("/versions/1")).isEqualTo(status);
    JsonNode metadata = get("/metadata").body();
    assertThat(metadata.get("model_spec").toString())
        .isEqualTo("{\"name\":\"simclr\",\"signature_name\":\"\",\"version\":\"1\"}");
    JsonNode signatures = metadata.at("/metadata/signature_def/signature_def");
    assertThat(signatures.fieldNames())
        .toIterable()
        .containsExactlyInAnyOrder("serving_default", "project", "head_layers", "image_bytes");
    assertThat(signatures.at("/image_bytes/inputs/image_bytes/dtype").asText())
        .isEqualTo("DT_STRING");
    assertThat(signatures.at("/serving_default/inputs/inputs/tensor_shape/dim/0/size").asText())
        .isEqualTo("-1");
    assertThat(signatures.at("/serving_default/method_name").asText())
        .isEqualTo("tensorflow/serving/predict");
    assertThat(get("/versions/1/metadata").body()).isEqualTo(metadata);
  }

  @Test
  void versionIsPartOfThePath() throws Exception {
    String body = encoded(png(1, SIZE));
    assertThat(post("/versions/1:predict", body)).isEqualTo(predict(body));
    Answer other = post("/versions/7:predict", body);
    assertThat(other.status()).isEqualTo(404);
    assertThat(other.error())
        .isEqualTo("Servable not found for request: Specific(simclr, 7), expected version 1");
    assertThat(get("/versions/7").error()).isEqualTo("Could not find version 7 of model simclr");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{'instances': [3 => 400 => the body is not valid JSON",
        "{'instances': 3} => 400 => 'instances' is 3, expected a list",
        "{'instances': [[1]]} => 400 => input 'inputs' has the shape [1,1], expected [?,?,?,3]",
        "{'instances': [[[[1, 1]]]]}"
            + " => 400 => input 'inputs' has the shape [1,1,1,2], expected [?,?,?,3]",
        "{'instances': [[[[1, 255, 0]]]]} => 400 => image 0 of 'inputs' has the value 255.0",
        "{'instances': [[[[0, 0, 0]]], [[[0, 0, -1]]]]}"
            + " => 400 => image 1 of 'inputs' has the value -1.0",
        "{'instances': [[[[0, 0, 1e999]]]]} => 400 => image 0 of 'inputs' has the value Infinity",
        "{'instances': [{'b64': 'AAAA'}]}"
            + " => 400 => input 'inputs' holds strings, expected numbers",
        "{'instances': [{'image': [[[0, 0, 0]]]}]} => 400 => the inputs are image, expected inputs",
        "{'signature_name': 'image_bytes', 'instances': [1]}"
            + " => 400 => input 'image_bytes' holds numbers, expected strings, images as {'b64'",
        "{'signature_name': 'image_bytes', 'instances': [{'b64': ''}]}"
            + " => 400 => image 0 of 'image_bytes' is empty, expected an image",
        "{'signature_name': 'image_bytes', 'instances': ['text']}"
            + " => 400 => image 0 of 'image_bytes' is not a PNG, JPEG, GIF or BMP image",
        "{'signature_name': 'image_bytes', 'inputs': {'b64': 'AAAA'}}"
            + " => 400 => input 'image_bytes' has the shape [], expected [?]",
        "{'signature_name': 'classify', 'instances': [1]}"
            + " => 400 => Serving signature name: 'classify' not found in signature def, expected"
            + " one of head_layers, image_bytes, project, serving_default",
      })
  void bodyThatDoesNotFitIsABadRequest(String body, int status, String error) throws Exception {
    Answer answer = predict(body.replace('\'', '"'));
    assertThat(answer.error()).startsWith(error.replace('\'', '"'));
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.body()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /v1/models/simclr:classify, 400, Expected classify signature method_name to be",
    "POST, /v1/models/simclr:regress, 400, Expected regress signature method_name to be",
    "POST, /v1/models/other:predict, 404, Servable not found for request: Latest(other)",
    "POST, /v1/models/simclr, 400, Malformed request: POST /v1/models/simclr",
    "GET, /v1/models/simclr:predict, 400, Malformed request: GET /v1/models/simclr:predict",
    "GET, /v1/models/other, 404, Could not find any versions of model other",
    "GET, /v1/models, 400, Malformed request: GET /v1/models",
    "DELETE, /v1/models/simclr, 400, Malformed request: DELETE",
    "GET, /, 404, / is not here",
  })
  void pathThatIsNoneIsRefused(String method, String path, int status, String error)
      throws Exception {
    Answer answer =
        send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .method(
                    method,
                    method.equals("POST")
                        ? BodyPublishers.ofString("{\"instances\": [1]}")
                        : BodyPublishers.noBody()));
    assertThat(answer.error()).startsWith(error);
    assertThat(answer.status()).isEqualTo(status);
  }

  @Test
  void imageOfHundredMegapixelsOrBrokenPixelsIsNamed() throws Exception {
    Answer large = predict(encoded(png(1, SIZE), base64(TestExport.hundredMegapixels())));
    assertThat(large.error())
        .isEqualTo(
            "image 1 of \"image_bytes\" has 10000 x 10000 pixels, expected at most 50 million");
    assertThat(large.status()).isEqualTo(400);
    // In the second of the batches that the request is divided into.
    Answer broken =
        predict(
            encoded(
                png(1, SIZE),
                png(2, SIZE),
                png(3, SIZE),
                png(4, SIZE),
                png(5, SIZE),
                base64(TestExport.brokenPixels())));
    assertThat(broken.error()).startsWith("image 5 of \"image_bytes\" cannot be decoded (");
    assertThat(broken.status()).isEqualTo(400);
  }

  @Test
  void brokenImageSpoilsNoRequestThatSharesItsBatch() throws Exception {
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      String image = i % 6 == 5 ? base64(TestExport.brokenPixels()) : png(i, SIZE);
      all.add(
          CLIENT.sendAsync(
              request(":predict").POST(BodyPublishers.ofString(encoded(image))).build(),
              BodyHandlers.ofString()));
    }
    for (int i = 0; i < all.size(); i++) {
      assertThat(all.get(i).get().statusCode()).isEqualTo(i % 6 == 5 ? 400 : 200);
    }
  }

  @Test
  void bodyThatIsTooLongOrCompressedIsRefused() throws Exception {
    String spaces = " ".repeat(3 << 20);
    Answer announced = predict(spaces);
    assertThat(announced.status()).isEqualTo(413);
    assertThat(announced.error()).startsWith("the body is longer than 2 MiB");
    Answer streamed =
        send(
            request(":predict")
                .POST(
                    BodyPublishers.ofInputStream(
                        () -> new ByteArrayInputStream(spaces.getBytes(UTF_8)))));
    assertThat(streamed.status()).isEqualTo(413);
    Answer compressed =
        send(
            request(":predict")
                .header("Content-Encoding", "gzip")
                .POST(BodyPublishers.ofString("x")));
    assertThat(compressed.status()).isEqualTo(415);
  }

  @Test
  void portThatIsTakenIsNamed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServeSettings settings = settings(TestExport.version()).onPort(taken.getLocalPort());
      assertThatThrownBy(() -> ModelServer.start(settings, Reporter.lines(line -> {})))
          .isInstanceOf(UserException.class)
          .hasMessageStartingWith("--port is " + taken.getLocalPort() + ", which is not available");
    }
  }

  @Test
  void nothingToServeIsNamed(@TempDir Path base) {
    assertThatThrownBy(() -> ModelServer.start(settings(base), Reporter.lines(line -> {})))
        .isInstanceOf(UserException.class)
        .hasMessageStartingWith(base + " holds no export");
  }

  /** Versions come, are broken and go while a client asks all the time. */
  @Test
  void newVersionTakesOverWithoutALostRequestAndABrokenOneIsLeftOut(@TempDir Path base)
      throws Exception {
    TestExport.copy(base, 1);
    List<String> lines = new CopyOnWriteArrayList<>();
    List<Integer> statuses = new CopyOnWriteArrayList<>();
    AtomicBoolean done = new AtomicBoolean();
    try (ModelServer versions = ModelServer.start(settings(base), Reporter.lines(lines::add))) {
      assertThat(versions.version()).isEqualTo(1);
      CompletableFuture<Void> asking =
          CompletableFuture.runAsync(
              () -> {
                while (!done.get()) {
                  statuses.add(ask(versions));
                }
              });
      TestExport.copy(base, 2);
      await(() -> versions.version() == 2);

      Path broken = base.resolve(".3");
      Files.createDirectories(broken);
      Files.copy(TestExport.version().resolve("saved_model.pb"), broken.resolve("saved_model.pb"));
      try (RandomAccessFile file =
          new RandomAccessFile(broken.resolve("saved_model.pb").toFile(), "rw")) {
        file.setLength(file.length() / 3);
      }
      Files.move(broken, base.resolve("3"));
      await(() -> lines.stream().anyMatch(line -> line.startsWith("version 3 is left out: ")));
      assertThat(versions.version()).isEqualTo(2);
      JsonNode status = status(versions);
      assertThat(status.at("/model_version_status/0/state").asText()).isEqualTo("AVAILABLE");
      assertThat(status.at("/model_version_status/1/state").asText()).isEqualTo("END");
      assertThat(status.at("/model_version_status/1/status/error_message").asText())
          .contains(base.resolve("3").toString());

      Files.move(base.resolve("2"), base.resolve("temp"));
      await(() -> versions.version() == 1);
      done.set(true);
      asking.get();
    }
    assertThat(statuses).isNotEmpty().containsOnly(200);
    assertThat(lines.stream().filter(line -> line.contains("left out"))).hasSize(1);
  }

  @Test
  void stoppingFinishesTheRequestsThatRun() throws Exception {
    ModelServer stopping =
        ModelServer.start(settings(TestExport.version()), Reporter.lines(line -> {}));
    String[] images = IntStream.range(0, 24).mapToObj(i -> png(i, SIZE)).toArray(String[]::new);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(stopping.url() + ":predict"))
            .POST(BodyPublishers.ofString(encoded(images)))
            .build();
    CompletableFuture<HttpResponse<String>> running =
        CLIENT.sendAsync(request, BodyHandlers.ofString());
    await(stopping::busy);
    stopping.close();
    assertThat(running.get().statusCode()).isEqualTo(200);
    assertThatThrownBy(() -> CLIENT.send(request, BodyHandlers.ofString()))
        .isInstanceOf(IOException.class);
  }

  private static int ask(ModelServer server) {
    try {
      return CLIENT
          .send(
              HttpRequest.newBuilder(URI.create(server.url() + ":predict"))
                  .POST(BodyPublishers.ofString(encoded(png(1, SIZE))))
                  .build(),
              BodyHandlers.ofString())
          .statusCode();
    } catch (IOException | InterruptedException e) {
      return -1;
    }
  }

  private static JsonNode status(ModelServer server) throws Exception {
    return JSON.readTree(
        CLIENT
            .send(HttpRequest.newBuilder(URI.create(server.url())).build(), BodyHandlers.ofString())
            .body());
  }

  private interface Condition {
    boolean holds();
  }

  private static void await(Condition condition) throws InterruptedException {
    long until = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited two minutes").isLessThan(until);
      Thread.sleep(2);
    }
  }

  private static ServeSettings settings(Path modelDir) {
    return new ServeSettings(
        modelDir,
        "simclr",
        0,
        4,
        Duration.ofMillis(1),
        100,
        Duration.ofMillis(50),
        2 << 20,
        ImmutableList.of("model.example"),
        TimeLimits.DEFAULT);
  }

  private HttpRequest.Builder request(String suffix) {
    return HttpRequest.newBuilder(URI.create(server.url() + suffix));
  }

  private Answer get(String suffix) throws Exception {
    return send(request(suffix).GET());
  }

  private Answer predict(String body) throws Exception {
    return post(":predict", body);
  }

  private Answer post(String suffix, String body) throws Exception {
    return send(request(suffix).POST(BodyPublishers.ofString(body)));
  }

  private static Answer send(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> response = CLIENT.send(request.build(), BodyHandlers.ofString());
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    return new Answer(response.statusCode(), JSON.readTree(response.body()));
  }

  private static String pixels(int seed) {
    float[] values = TestExport.floats(seed, SIZE, SIZE);
    StringBuilder json = new StringBuilder("[");
    for (int i = 0; i < values.length; i++) {
      json.append(i % (3 * SIZE) == 0 ? (i == 0 ? "[" : "],[") : ",")
          .append(i % 3 == 0 ? "[" : "")
          .append(values[i])
          .append(i % 3 == 2 ? "]" : "");
    }
    return json.append("]]").toString();
  }

  private static String encoded(String... images) {
    StringBuilder json = new StringBuilder("{\"signature_name\":\"image_bytes\",\"instances\":[");
    for (int i = 0; i < images.length; i++) {
      json.append(i == 0 ? "" : ",").append("{\"b64\":\"").append(images[i]).append("\"}");
    }
    return json.append("]}").toString();
  }

  private static String png(int seed, int width) {
    return base64(TestExport.png(seed, width, SIZE));
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static float[] floats(JsonNode list) {
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).floatValue();
    }
    return values;
  }

  private static void assertClose(JsonNode list, float[] expected) {
    float[] values = floats(list);
    assertThat(values).hasSameSizeAs(expected);
    for (int i = 0; i < values.length; i++) {
      float tolerance = 1e-5f + 1e-5f * Math.abs(expected[i]);
      assertThat(values[i]).isBetween(expected[i] - tolerance, expected[i] + tolerance);
    }
  }
}
