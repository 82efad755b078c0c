package simclr.tools.mutants;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.Graph;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SavedModel;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.proto.TensorInfo;
import org.tensorflow.proto.TensorShapeProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import simclr.config.Reporter;
import simclr.export.bundle.LoadedModel;
import simclr.export.bundle.TimeLimits;
import simclr.export.serve.ModelServer;
import simclr.export.serve.ServeSettings;
import simclr.graph.GraphOps;

/** A SavedModel of a few nodes, its manifest, and requests to it. */
final class SavedModelMutantsTest {
  private static final String MANIFEST =
      "{\"format_version\": 1, \"input\": {\"range\": [0, 1], \"image_size\": 32},"
          + " \"representation_size\": 512, \"signatures\": {}}";

  @TempDir Path dir;

  @BeforeEach
  void write() throws IOException {
    Files.write(model(), savedModel());
    Files.writeString(dir.resolve("manifest.json"), MANIFEST);
  }

  @Test
  void savedModelThatIsScannedAndLoaded() throws Exception {
    Mutants.of("saved_model.pb", savedModel())
        .check(
            Protos::mutate,
            bytes -> {
              Files.write(model(), bytes);
              try (LoadedModel loaded = LoadedModel.open(dir, TimeLimits.ofSeconds(5, 5))) {
                return loaded.signatures().keySet();
              }
            });
  }

  @Test
  void manifest() throws Exception {
    Mutants.of("manifest.json", MANIFEST.getBytes(StandardCharsets.UTF_8))
        .check(
            Texts::json,
            bytes -> {
              Files.write(dir.resolve("manifest.json"), bytes);
              try (LoadedModel loaded = LoadedModel.open(dir)) {
                return loaded.requiredInfo();
              }
            });
  }

  @Test
  void restBodies() throws Exception {
    String whole =
        "{\"signature_name\": \"serving_default\","
            + " \"instances\": [{\"x\": [0.5, 0], \"bytes\": {\"b64\": \"PNG\"}},"
            + " {\"x\": [0.25, 1e-3], \"bytes\": {\"b64\": \"PNG\"}}]}";
    String png = Base64.getEncoder().encodeToString(ImageMutantsTest.picture("png"));
    ServeSettings settings = ServeSettings.of(dir).onPort(0);
    try (ModelServer server = ModelServer.start(settings, Reporter.lines(line -> {}))) {
      HttpClient client = HttpClient.newHttpClient();
      URI predict = URI.create(server.url() + ":predict");
      Mutants.of("REST body", whole.replace("PNG", png).getBytes(StandardCharsets.UTF_8))
          .check(Texts::json, bytes -> answer(client, predict, bytes));
    }
  }

  private static Object answer(HttpClient client, URI predict, byte[] body)
      throws IOException, InterruptedException {
    HttpResponse<byte[]> response =
        client.send(
            HttpRequest.newBuilder(predict)
                .timeout(Duration.ofSeconds(10))
                .POST(BodyPublishers.ofByteArray(body))
                .build(),
            BodyHandlers.ofByteArray());
    Map<?, ?> json = new ObjectMapper().readValue(response.body(), Map.class);
    if (response.statusCode() == 200) {
      return json;
    }
    if (response.statusCode() >= 500) {
      throw new IllegalStateException("HTTP " + response.statusCode() + ": " + json);
    }
    return new Mutants.Refused("HTTP " + response.statusCode(), String.valueOf(json.get("error")));
  }

  private static byte[] savedModel() {
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      Placeholder<TFloat32> x =
          tf.withName("x").placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 2)));
      Placeholder<TString> bytes =
          tf.withName("bytes").placeholder(TString.class, Placeholder.shape(Shape.of(-1)));
      tf.withName("y").math.mul(x, tf.constant(2f));
      tf.withName("same").identity(bytes);
      SignatureDef signature =
          SignatureDef.newBuilder()
              .setMethodName("tensorflow/serving/predict")
              .putInputs("x", info("x:0", DataType.DT_FLOAT, -1, 2))
              .putInputs("bytes", info("bytes:0", DataType.DT_STRING, -1))
              .putOutputs("y", info("y:0", DataType.DT_FLOAT, -1, 2))
              .putOutputs("same_bytes", info("same:0", DataType.DT_STRING, -1))
              .build();
      MetaGraphDef.Builder meta =
          MetaGraphDef.newBuilder()
              .setGraphDef(graph.toGraphDef())
              .putSignatureDef("serving_default", signature);
      meta.getMetaInfoDefBuilder().addTags("serve");
      return bytes(
          SavedModel.newBuilder().setSavedModelSchemaVersion(1).addMetaGraphs(meta).build());
    }
  }

  /** With maps in one order, whatever process writes them. */
  private static byte[] bytes(SavedModel model) {
    byte[] bytes = new byte[model.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.useDeterministicSerialization();
    try {
      model.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes;
  }

  private static TensorInfo info(String name, DataType type, long... dimensions) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long dimension : dimensions) {
      shape.addDim(TensorShapeProto.Dim.newBuilder().setSize(dimension));
    }
    return TensorInfo.newBuilder().setName(name).setDtype(type).setTensorShape(shape).build();
  }

  private Path model() {
    return dir.resolve("saved_model.pb");
  }
}
