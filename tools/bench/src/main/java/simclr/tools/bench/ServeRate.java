package simclr.tools.bench;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;
import simclr.config.Reporter;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.bundle.ExportDirectory;
import simclr.export.bundle.LoadedModel;
import simclr.export.bundle.TimeLimits;
import simclr.export.serve.ModelServer;
import simclr.export.serve.ServeSettings;
import simclr.tools.bench.LoadClients.Request;

/**
 * The server under clients of one image each, and the bare session on whole batches beside it.
 * Takes {@code --export}, {@code --signature} (serving_default or image_bytes), {@code --image} (an
 * encoded one), {@code --batch} and {@code --clients}; obeys {@code bare BATCHES}, {@code served
 * REQUESTS}, {@code mixed REQUESTS} and {@code quit}. All answer with images per second; served
 * also with latencies, and mixed, where half of the requests are broken, with the resident memory.
 */
public final class ServeRate implements AutoCloseable {
  private final String signature;
  private final int batch;
  private final LoadedModel model;
  private final ModelServer server;
  private final LoadClients clients;
  private final LoadClients mixed;
  private final Map<String, TType> inputs;
  private final Set<String> outputs;

  private ServeRate(Path export, String signature, Path image, int batch, int clients)
      throws IOException {
    this.signature = signature;
    this.batch = batch;
    Path version = ExportDirectory.newest(export);
    this.model = LoadedModel.open(version);
    this.server =
        ModelServer.start(
            new ServeSettings(
                version,
                "simclr",
                0,
                batch,
                ServeSettings.of(version).batchTimeout(),
                ServeSettings.of(version).maxEnqueuedBatches(),
                ServeSettings.of(version).poll(),
                ServeSettings.of(version).maxBodyBytes(),
                ServeSettings.of(version).allowedHosts(),
                TimeLimits.DEFAULT),
            Reporter.lines(line -> {}));
    this.outputs = model.signature(signature).getOutputsMap().keySet();
    byte[] encoded = Files.readAllBytes(image);
    this.inputs = signature.equals("image_bytes") ? encodedBatch(encoded) : pixelBatch();
    Request whole = Request.of(body(encoded), 200);
    this.clients = new LoadClients(server.port(), clients, List.of(whole));
    this.mixed = new LoadClients(server.port(), clients, mixed(body(encoded)));
  }

  /** Answers until standard input ends. */
  public static void main(String[] args) {
    Dialogue.main(args, ServeRate::run);
  }

  private static void run(Dialogue.Flags flags) throws IOException {
    try (ServeRate rate =
        new ServeRate(
            Path.of(flags.take("export")),
            flags.take("signature"),
            Path.of(flags.take("image")),
            Integer.parseInt(flags.take("batch")),
            Integer.parseInt(flags.take("clients")))) {
      Dialogue.answer(rate::answer);
    }
  }

  private Map<String, ?> answer(List<String> words) {
    int count = Integer.parseInt(words.get(1));
    return switch (words.get(0)) {
      case "bare" -> bare(count);
      case "served" -> clients.run(count);
      case "mixed" -> mixed(count);
      default ->
          throw new UserException(
              ExitCode.USAGE,
              "'%s' is not understood, expected bare, served, mixed or quit",
              words.get(0));
    };
  }

  private Map<String, ?> bare(int batches) {
    double millis =
        Dialogue.timed(batches, () -> model.runTensors(signature, inputs, outputs))
            .getOrDefault("wall_ms", Double.NaN);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("images_per_second", batch / millis * 1000);
    answer.put("batch_ms", millis);
    return answer;
  }

  private Map<String, ?> mixed(int requests) {
    Map<String, Object> answer = mixed.run(requests);
    answer.put("resident_mib", Dialogue.residentMib());
    return answer;
  }

  /** Whole requests and broken ones by turns. */
  private static List<Request> mixed(String body) {
    List<Request> requests = new ArrayList<>();
    for (String broken :
        List.of(
            "",
            "{}",
            "null",
            body.substring(0, body.length() / 2),
            body.replace("instances", "\\ud800"),
            body.replace('[', '{'),
            "{\"instances\": []}",
            "{\"instances\": [\"x\"]}",
            "{\"instances\": [" + "[".repeat(5000),
            "{\"signature_name\": \"none\", \"instances\": [1]}")) {
      requests.add(Request.of(body, 200));
      requests.add(Request.of(broken, 400));
    }
    return requests;
  }

  private int side() {
    return model.info().orElseThrow().imageSize();
  }

  private Map<String, TType> pixelBatch() {
    float[] values = new float[batch * side() * side() * 3];
    for (int i = 0; i < values.length; i++) {
      values[i] = pixel(i % (side() * side() * 3));
    }
    return ImmutableMap.of(
        "inputs", TFloat32.tensorOf(Shape.of(batch, side(), side(), 3), DataBuffers.of(values)));
  }

  private Map<String, TType> encodedBatch(byte[] image) {
    byte[][] images = Collections.nCopies(batch, image).toArray(byte[][]::new);
    return ImmutableMap.of("image_bytes", TString.tensorOfBytes(NdArrays.vectorOfObjects(images)));
  }

  private String body(byte[] image) {
    if (signature.equals("image_bytes")) {
      return "{\"signature_name\":\"image_bytes\",\"instances\":[{\"b64\":\""
          + Base64.getEncoder().encodeToString(image)
          + "\"}]}";
    }
    StringBuilder json = new StringBuilder("{\"instances\":[");
    list(json, ImmutableList.of(side(), side(), 3), 0);
    return json.append("]}").toString();
  }

  private static int list(StringBuilder json, List<Integer> sizes, int first) {
    int next = first;
    for (int i = 0; i < sizes.get(0); i++) {
      json.append(i == 0 ? '[' : ',');
      if (sizes.size() == 1) {
        json.append(pixel(next++));
      } else {
        next = list(json, sizes.subList(1, sizes.size()), next);
      }
    }
    json.append(']');
    return next;
  }

  private static float pixel(int index) {
    return (index * 37 % 256) / 255f;
  }

  @Override
  public void close() {
    server.close();
    inputs.values().forEach(TType::close);
    model.close();
  }
}
