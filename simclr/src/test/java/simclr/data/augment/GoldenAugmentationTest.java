package simclr.data.augment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.primitives.Longs;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;
import simclr.data.image.ImageDecoding;
import simclr.model.BatchBlur;

/** Every op against the reference's numbers, standing alone in a graph and inside tf.data. */
final class GoldenAugmentationTest {
  private static final Path TESTDATA = Path.of(System.getProperty("simclr.testdata"));

  /** Cases at a time, so that a file takes few sessions. */
  private static final int CHUNK = 60;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "augment-pixel",
        "augment-jitter",
        "augment-crop",
        "augment-blur",
        "augment-train"
      })
  void opsAgreeWithTheReferenceAloneAndInADataset(String name) throws IOException {
    File file = TESTDATA.resolve("golden").resolve(name + ".json").toFile();
    List<JsonNode> cases = ImmutableList.copyOf(new JsonMapper().readTree(file).get("cases"));
    for (int from = 0; from < cases.size(); from += CHUNK) {
      List<JsonNode> chunk = cases.subList(from, Math.min(from + CHUNK, cases.size()));
      check(chunk, alone(chunk));
      check(chunk, inDataset(chunk));
    }
  }

  private static List<float[]> alone(List<JsonNode> cases) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      return run(graph, cases.stream().map(c -> image(tf, c)).toList(), List.of());
    }
  }

  /** All cases in the map function of one dataset of one element. */
  private static List<float[]> inDataset(List<JsonNode> cases) {
    try (Graph graph = new Graph();
        ConcreteFunction function =
            ConcreteFunction.create(
                tf -> {
                  Signature.Builder signature = Signature.builder().key("cases");
                  signature.input("element", tf.placeholder(TInt64.class));
                  for (int i = 0; i < cases.size(); i++) {
                    signature.output("image" + i, image(tf, cases.get(i)));
                  }
                  return signature.build();
                })) {
      Ops tf = Ops.create(graph);
      List<Class<? extends TType>> types =
          cases.stream().<Class<? extends TType>>map(c -> TFloat32.class).toList();
      List<Shape> shapes = cases.stream().map(c -> Shape.unknown()).toList();
      Operand<? extends TType> range =
          tf.data.rangeDataset(
              tf.constant(0L),
              tf.constant(1L),
              tf.constant(1L),
              ImmutableList.of(TInt64.class),
              ImmutableList.of(Shape.scalar()));
      Operand<? extends TType> mapped =
          tf.data.mapDataset(range, ImmutableList.of(), function, types, shapes);
      Operand<? extends TType> iterator = tf.data.iterator("cases", "", types, shapes);
      Op make = tf.data.makeIterator(mapped, iterator);
      List<Operand<TFloat32>> next = new ArrayList<>();
      tf.data
          .iteratorGetNext(iterator, types, shapes)
          .iterator()
          .forEachRemaining(output -> next.add(output.op().output(next.size())));
      return run(graph, next, List.of(make));
    }
  }

  private static List<float[]> run(
      Graph graph, List<? extends Operand<TFloat32>> fetches, List<Op> first) {
    try (Session session = new Session(graph)) {
      first.forEach(op -> session.runner().addTarget(op).run().close());
      Session.Runner runner = session.runner();
      fetches.forEach(runner::fetch);
      try (Result result = runner.run()) {
        return IntStream.range(0, fetches.size())
            .mapToObj(i -> values((TFloat32) result.get(i)))
            .toList();
      }
    }
  }

  private static float[] values(TFloat32 tensor) {
    float[] values = new float[(int) tensor.size()];
    tensor.copyTo(NdArrays.wrap(tensor.shape(), DataBuffers.of(values)));
    return values;
  }

  private static void check(List<JsonNode> cases, List<float[]> images) {
    for (int i = 0; i < cases.size(); i++) {
      JsonNode expected = cases.get(i).get("outputs").get("image");
      double tolerance = expected.get("tol").asDouble();
      boolean whole = expected.has("values");
      JsonNode values = whole ? expected.get("values") : expected.get("sample");
      for (int k = 0; k < values.size(); k++) {
        int at = whole ? k : expected.get("sample_index").get(k).asInt();
        double difference = Math.abs(images.get(i)[at] - values.get(k).asDouble());
        assertThat(difference)
            .as("%s at %s", cases.get(i).get("params"), at)
            .isLessThanOrEqualTo(tolerance);
      }
    }
  }

  private static Operand<TFloat32> image(Ops tf, JsonNode example) {
    JsonNode p = example.get("params");
    return switch (example.get("op").asText()) {
      case "convert_image_dtype" -> ImageDecoding.toFloat(tf, bytes(tf, example));
      case "brightness_mul" ->
          ColorJitter.brightness(tf, floats(tf, example), number(tf, p, "factor"));
      case "brightness_add" ->
          ColorJitter.addBrightness(tf, floats(tf, example), number(tf, p, "delta"));
      case "contrast" -> ColorJitter.contrast(tf, floats(tf, example), number(tf, p, "factor"));
      case "saturation" -> ColorJitter.saturation(tf, floats(tf, example), number(tf, p, "factor"));
      case "hue" -> ColorJitter.hue(tf, floats(tf, example), number(tf, p, "delta"));
      case "to_grayscale" -> ColorJitter.grayscale(tf, floats(tf, example));
      case "flip_left_right" -> Augmentation.flip(tf, floats(tf, example));
      case "clip" ->
          ColorJitter.clip(
              tf,
              tf.math.add(
                  tf.math.mul(floats(tf, example), number(tf, p, "pre_scale")),
                  number(tf, p, "pre_offset")));
      case "color_jitter" ->
          ColorJitter.inOrder(
              tf,
              floats(tf, example),
              factors(tf, p, "_factor", "hue_delta"),
              integers(tf, p.get("order")));
      case "crop_and_resize" ->
          Crop.cropAndResize(
              tf,
              floats(tf, example),
              tf.array(integer(p, "y"), integer(p, "x"), integer(p, "h"), integer(p, "w")),
              integer(p, "out_h"),
              integer(p, "out_w"));
      case "center_crop" ->
          EvaluationPreprocessing.centreCrop(
              tf,
              floats(tf, example),
              integer(p, "out_h"),
              integer(p, "out_w"),
              p.get("proportion").asDouble());
      case "preprocess_for_eval" ->
          EvaluationPreprocessing.apply(
              tf,
              floats(tf, example),
              integer(p, "height"),
              integer(p, "width"),
              p.get("crop").asBoolean());
      case "preprocess_image_eval" ->
          EvaluationPreprocessing.apply(
              tf,
              ImageDecoding.toFloat(tf, bytes(tf, example)),
              integer(p, "height"),
              integer(p, "width"),
              p.get("test_crop").asBoolean());
      case "gaussian_blur" ->
          BatchBlur.gaussianBlur(
              tf,
              tf.expandDims(floats(tf, example), tf.constant(0)),
              integer(p, "kernel_size"),
              number(tf, p, "sigma"));
      case "batch_random_blur" ->
          BatchBlur.apply(
              tf,
              batch(tf),
              integer(p, "kernel_size_argument"),
              number(tf, p, "sigma"),
              tf.dtypes.cast(integers(tf, p.get("selected")), TFloat32.class));
      case "preprocess_image_train" -> trainingView(tf, example, p);
      default -> throw new AssertionError("no such op: " + example.get("op"));
    };
  }

  private static Operand<TFloat32> trainingView(Ops tf, JsonNode example, JsonNode p) {
    Augmentation augmentation =
        new Augmentation(integer(p, "out_size"), (float) p.get("color_jitter_strength").asDouble());
    boolean jitter = p.path("jitter").asBoolean();
    Augmentation.View view =
        new Augmentation.View(
            integers(tf, p.get("box")),
            tf.constant(p.get("flip").asBoolean()),
            tf.constant(jitter),
            jitter ? factors(tf, p, "", "hue") : tf.zeros(tf.array(4), TFloat32.class),
            jitter ? integers(tf, p.get("order")) : tf.array(0, 1, 2, 3),
            tf.constant(p.path("gray").asBoolean()));
    return augmentation.apply(tf, ImageDecoding.toFloat(tf, bytes(tf, example)), view);
  }

  private static Operand<TFloat32> factors(Ops tf, JsonNode p, String suffix, String hue) {
    return tf.array(
        (float) p.get("brightness" + suffix).asDouble(),
        (float) p.get("contrast" + suffix).asDouble(),
        (float) p.get("saturation" + suffix).asDouble(),
        (float) p.get(hue).asDouble());
  }

  private static Operand<TFloat32> floats(Ops tf, JsonNode example) {
    JsonNode input = example.get("input");
    Shape shape = shape(input);
    if (input.has("uniform")) {
      return constant(tf, uniform(input.get("uniform").asText(), shape), shape);
    }
    float[] pixels = new float[(int) shape.size()];
    flatten(input.get("pixels"), pixels, 0);
    return constant(tf, pixels, shape);
  }

  private static Operand<TUint8> bytes(Ops tf, JsonNode example) {
    JsonNode input = example.get("input");
    Shape shape = shape(input);
    float[] values = new float[(int) shape.size()];
    if (input.has("uint8_floor_256u")) {
      float[] uniform = uniform(input.get("uint8_floor_256u").asText(), shape);
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) Math.floor(256.0 * uniform[i]);
      }
    } else {
      flatten(input.get("uint8"), values, 0);
    }
    return tf.dtypes.cast(constant(tf, values, shape), TUint8.class);
  }

  private static Operand<TFloat32> batch(Ops tf) {
    Shape one = Shape.of(32, 32, 3);
    List<Operand<TFloat32>> images =
        IntStream.range(0, 4)
            .<Operand<TFloat32>>mapToObj(
                i ->
                    tf.math.sub(
                        tf.math.mul(
                            constant(tf, uniform("batch" + i + "/32x32", one), one),
                            tf.constant(1.5f)),
                        tf.constant(0.2f)))
            .toList();
    return tf.stack(images);
  }

  private static int flatten(JsonNode node, float[] into, int at) {
    if (!node.isArray()) {
      into[at] = (float) node.asDouble();
      return at + 1;
    }
    int next = at;
    for (JsonNode child : node) {
      next = flatten(child, into, next);
    }
    return next;
  }

  private static Operand<TFloat32> constant(Ops tf, float[] values, Shape shape) {
    return tf.constant(shape, DataBuffers.of(values));
  }

  private static Operand<TInt32> integers(Ops tf, JsonNode numbers) {
    return tf.array(IntStream.range(0, numbers.size()).map(i -> numbers.get(i).asInt()).toArray());
  }

  private static Operand<TFloat32> number(Ops tf, JsonNode p, String name) {
    return tf.constant((float) p.get(name).asDouble());
  }

  private static int integer(JsonNode p, String name) {
    return p.get(name).asInt();
  }

  /** As stated, or of the literal values. */
  private static Shape shape(JsonNode input) {
    List<Long> dimensions = new ArrayList<>();
    if (input.has("shape")) {
      input.get("shape").forEach(dimension -> dimensions.add(dimension.asLong()));
    } else {
      JsonNode node = input.has("pixels") ? input.get("pixels") : input.get("uint8");
      for (; node.isArray(); node = node.get(0)) {
        dimensions.add((long) node.size());
      }
    }
    return Shape.of(Longs.toArray(dimensions));
  }

  /** The deterministic fill of testdata/golden/README-ops.md. */
  private static float[] uniform(String name, Shape shape) {
    CRC32 crc = new CRC32();
    crc.update(name.getBytes(StandardCharsets.UTF_8));
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (splitMix((crc.getValue() << 32) + i) >>> 40) / (float) (1 << 24);
    }
    return values;
  }

  private static long splitMix(long seed) {
    long z = seed + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
