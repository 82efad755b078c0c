package simclr.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.tensorflow.ndarray.Shape;
import simclr.config.RunConfig;
import simclr.model.VariableSpec;

/**
 * Files {@code tf1-names-*}: the names of every variable in the TF1 release, in TF2 checkpoints and
 * in Keras, in the order in which TF1 makes them.
 */
final class Tf1NamesCase implements GoldenCase {
  private static final String MODEL = "model/";
  private static final String VALUE = "/.ATTRIBUTES/VARIABLE_VALUE";

  /** One variable, under its three names. */
  private record Names(String tf1, String tf2, String keras, String shape) {}

  /** One layer: a row of the file. */
  private record Layer(String kind, String tf1, String tf2, String keras, Shape shape) {
    static Layer read(String where, JsonNode row) {
      return new Layer(
          Fields.textOf(where, Fields.cell(where, row, 5, 0)),
          Fields.textOf(where, row.get(1)),
          Fields.textOf(where, row.get(2)),
          Fields.textOf(where, row.get(3)),
          Fields.shapeOf(where, row.get(4)));
    }

    Names leaf(String leaf) {
      Shape own = leaf.equals("bias") ? Shape.of(shape.get(-1)) : shape;
      return new Names(
          tf1 + "/" + leaf,
          MODEL + tf2 + "/" + leaf + VALUE,
          keras + "/" + leaf + ":0",
          own.toString());
    }
  }

  @Override
  public void check(Fields file, Checks checks) {
    file.text("arch");
    Fields settings = file.object("config");
    int numClasses = settings.count("num_classes");
    RunConfig config = config(settings);
    List<VariableSpec> specs = ModelSpecs.of(config, numClasses).constructed();
    List<Names> ours = specs.stream().map(Tf1NamesCase::names).toList();

    Fields leaves = file.object("leaves");
    Map<String, List<String>> leavesOf = new LinkedHashMap<>();
    leaves.names().forEach(kind -> leavesOf.put(kind, leaves.texts(kind)));
    List<Layer> layers = file.list("rows", Layer::read);
    List<Names> theirs = new ArrayList<>();
    for (Layer layer : layers) {
      List<String> ofKind = leavesOf.getOrDefault(layer.kind(), List.of());
      if (ofKind.isEmpty()) {
        throw file.error("row of kind %s, expected one of %s", layer.kind(), leavesOf.keySet());
      }
      ofKind.forEach(leaf -> theirs.add(layer.leaf(leaf)));
    }
    compare(checks, "tf1", ours.stream().map(Names::tf1), theirs.stream().map(Names::tf1));
    compare(checks, "tf2", ours.stream().map(Names::tf2), theirs.stream().map(Names::tf2));
    compare(checks, "keras", ours.stream().map(Names::keras), theirs.stream().map(Names::keras));
    compare(checks, "shape", ours.stream().map(Names::shape), theirs.stream().map(Names::shape));
    checkSums(file.object("crc32"), checks, ours);
    checkCounts(file.object("counts"), checks, specs);
  }

  /** The flags of the TF2 code that select the same model. */
  static RunConfig config(Fields settings) {
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    for (String name :
        List.of(
            "resnet_depth",
            "width_multiplier",
            "sk_ratio",
            "se_ratio",
            "proj_head_mode",
            "num_proj_layers",
            "proj_out_dim")) {
      flags.put(name, settings.any(name).asText());
    }
    flags.put("image_size", settings.flag("cifar_stem") ? "32" : "224");
    flags.put("use_blur", "false");
    settings.done();
    return settings.runConfig(flags.buildOrThrow());
  }

  private static Names names(VariableSpec spec) {
    return new Names(
        spec.tf1Name(),
        spec.checkpointKey() + VALUE,
        spec.kerasName() + ":0",
        spec.shape().toString());
  }

  private static void compare(
      Checks checks, String column, Stream<String> ours, Stream<String> theirs) {
    checks.of("names", column).equalLists("variable", ours.toList(), theirs.toList());
  }

  private static void checkSums(Fields sums, Checks checks, List<Names> ours) {
    checks
        .of("crc32", "tf1")
        .equal("crc32", crc32(ours.stream().map(Names::tf1).toList()), sums.integer("tf1"));
    checks
        .of("crc32", "tf2")
        .equal("crc32", crc32(columns(ours, Names::tf2, MODEL, VALUE)), sums.integer("tf2"));
    checks
        .of("crc32", "keras")
        .equal("crc32", crc32(columns(ours, Names::keras, "", ":0")), sums.integer("keras"));
    sums.done();
  }

  /** Names as the rows have them: without what every one begins and ends with. */
  private static List<String> columns(
      List<Names> names, Function<Names, String> column, String prefix, String suffix) {
    return names.stream()
        .map(column)
        .map(name -> name.substring(prefix.length(), name.length() - suffix.length()))
        .toList();
  }

  private static long crc32(List<String> names) {
    CRC32 crc = new CRC32();
    crc.update(String.join("\n", names).getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }

  private static void checkCounts(Fields counts, Checks checks, List<VariableSpec> specs) {
    Map<String, Long> ours = new LinkedHashMap<>();
    ours.put("layers", specs.stream().map(Tf1NamesCase::layer).distinct().count());
    ours.put("variables", (long) specs.size());
    ours.put("trainable_variables", specs.stream().filter(VariableSpec::trainable).count());
    Predicate<VariableSpec> encoder = within("base_model/");
    ours.put("encoder_elements", elements(specs, encoder));
    ours.put("encoder_trainable_elements", elements(specs, encoder.and(VariableSpec::trainable)));
    ours.put("head_contrastive_elements", elements(specs, within("head_contrastive/")));
    ours.put("head_supervised_elements", elements(specs, within("head_supervised/")));
    ours.forEach(
        (name, count) -> checks.of("counts", name).equal(name, count, counts.integer(name)));
    counts.done();
  }

  private static String layer(VariableSpec spec) {
    return spec.tf1Name().substring(0, spec.tf1Name().lastIndexOf('/'));
  }

  private static Predicate<VariableSpec> within(String scope) {
    return spec -> spec.tf1Name().startsWith(scope);
  }

  private static long elements(List<VariableSpec> specs, Predicate<VariableSpec> counted) {
    return specs.stream()
        .filter(counted)
        .mapToLong(spec -> Arrays.stream(spec.shape().asArray()).reduce(1, Math::multiplyExact))
        .sum();
  }
}
