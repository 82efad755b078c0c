package simclr.export.inspect;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.tensorflow.proto.SavedModel;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.config.Quoted;
import simclr.config.UserException;
import simclr.export.inspect.ModelInterface.Signature;
import simclr.export.inspect.ModelInterface.Value;
import simclr.export.weights.InferredModel;
import simclr.export.weights.SavedModelFile;
import simclr.export.weights.WeightSource;

/** What a checkpoint, a SavedModel or a hub module holds, read as data. */
public final class Inspection {
  private static final int LISTED = 8;

  private final WeightSource source;
  private final Optional<InferredModel> architecture;
  private final String unknown;
  private final OptionalLong step;
  private final Optional<ModelInterface> offered;
  private final ImmutableList<Finding> findings;

  private Inspection(
      WeightSource source,
      Optional<InferredModel> architecture,
      String unknown,
      Optional<ModelInterface> offered,
      ImmutableList<Finding> findings) {
    this.source = source;
    this.architecture = architecture;
    this.unknown = unknown;
    this.step = source.step();
    this.offered = offered;
    this.findings = findings;
  }

  /** A tensor as it is listed. */
  private record Row(String name, String type, ImmutableList<Long> shape) {
    long elements() {
      return shape.stream().reduce(1L, Math::multiplyExact);
    }
  }

  /**
   * Reads what lies at a path. A model of no known architecture is described all the same.
   *
   * @param say told which checkpoint of a directory was taken
   * @throws UserException NO_INPUT if there is nothing, DATA if it is corrupt or truncated
   */
  public static Inspection of(Path path, Consumer<String> say) {
    Optional<ModelInterface> offered = Optional.empty();
    ImmutableList<Finding> findings = ImmutableList.of();
    if (SavedModelFile.isIn(path)) {
      SavedModel model = SavedModelFile.read(path);
      offered = Optional.of(ModelInterface.of(model));
      findings = ImmutableList.copyOf(OperationScan.of(path, model).findings());
    }
    WeightSource source = WeightSource.open("<path>", path, false, say);
    try {
      return new Inspection(source, Optional.of(InferredModel.of(source)), "", offered, findings);
    } catch (UserException e) {
      return new Inspection(
          source, Optional.empty(), String.valueOf(e.getMessage()), offered, findings);
    }
  }

  /** For reading. */
  public List<String> lines(boolean allVariables) {
    List<String> lines = new ArrayList<>();
    lines.add(source.toString());
    lines.add("  architecture: " + architecture.map(InferredModel::toString).orElse(unknown));
    lines.add("  step: " + (step.isPresent() ? step.getAsLong() : "not recorded"));
    architecture.ifPresent(found -> lines.add("  input: " + Meanings.INPUT));
    List<Row> rows = rows();
    lines.add(
        String.format(
            Locale.ROOT,
            "  tensors: %d, %,d elements, %,d bytes",
            rows.size(),
            elements(rows),
            source.file().bytes()));
    parts()
        .forEach(
            (part, size) ->
                lines.add(String.format(Locale.ROOT, "    %s: %,d elements", part, size)));
    int listed = allVariables ? rows.size() : Math.min(LISTED, rows.size());
    rows.subList(0, listed).forEach(row -> lines.add("    " + text(row)));
    if (listed < rows.size()) {
      lines.add(
          String.format(Locale.ROOT, "    and %d more (--all lists them)", rows.size() - listed));
    }
    offered.ifPresent(model -> describe(model, lines));
    if (offered.isPresent()) {
      lines.add(
          "  operations that touch files, other code or the network: "
              + (findings.isEmpty() ? "none" : findings.size()));
      findings.forEach(finding -> lines.add("    " + finding));
    }
    if (source.kind() == WeightSource.Kind.HUB_MODULE) {
      lines.add(
          "  note: hub modules carry no restore operation, so TensorFlow Serving and Java cannot"
              + " run them; convert makes a checkpoint of it, and export a SavedModel of that");
    }
    return lines;
  }

  /** For programs. */
  public String json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("kind", source.kind().title());
    fields.put("path", source.path().toString());
    fields.put("architecture", architecture.map(Inspection::flags).orElse(ImmutableMap.of()));
    fields.put("description", architecture.map(a -> a.architecture().toString()).orElse(unknown));
    if (step.isPresent()) {
      fields.put("step", step.getAsLong());
    }
    fields.put("input", Meanings.INPUT);
    fields.put("bytes", source.file().bytes());
    fields.put("parts", parts());
    fields.put(
        "variables",
        rows().stream()
            .map(r -> ImmutableMap.of("name", r.name(), "type", r.type(), "shape", r.shape()))
            .toList());
    offered.ifPresent(
        model -> {
          fields.put("signatures", model.signatures());
          fields.put("endpoints", model.endpoints());
          fields.put("findings", findings);
        });
    try {
      return JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build()
          .writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void describe(ModelInterface model, List<String> lines) {
    lines.add("  signatures: " + (model.signatures().isEmpty() ? "none" : ""));
    for (Signature signature : model.signatures()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "    %s, tags %s: %s -> %s",
              Quoted.of(signature.name()),
              Quoted.of(signature.tags().toString()),
              names(signature.inputs()),
              names(signature.outputs())));
    }
    if (!model.endpoints().isEmpty()) {
      lines.add("  endpoints:");
      for (Value value : model.endpoints()) {
        lines.add(
            String.format(
                Locale.ROOT,
                "    %-17s %-26s %s",
                Quoted.of(value.name()),
                value.type(),
                value.meaning()));
      }
    }
  }

  private static String names(List<Value> values) {
    return values.stream().map(v -> Quoted.of(v.name()) + ' ' + v.type()).collect(joining("; "));
  }

  private static ImmutableMap<String, Object> flags(InferredModel found) {
    return ImmutableMap.<String, Object>builder()
        .put("resnet_depth", found.config().resnetDepth())
        .put("width_multiplier", found.config().widthMultiplier())
        .put("sk_ratio", found.config().skRatio())
        .put("se_ratio", found.config().seRatio())
        .put("stem", found.architecture().stem())
        .put("num_proj_layers", found.architecture().projLayers())
        .put("proj_out_dim", found.architecture().projOutDim())
        .put("num_classes", found.numClasses())
        .buildOrThrow();
  }

  /** Elements by part of the model; what is not a variable of it is counted as other. */
  private Map<String, Long> parts() {
    Map<String, Long> parts = new LinkedHashMap<>();
    if (architecture.isEmpty()) {
      return parts;
    }
    Map<String, String> partOf = new LinkedHashMap<>();
    architecture
        .get()
        .variables()
        .forEach(spec -> partOf.put(source.nameOf(spec), spec.part().title()));
    for (Row row : rows()) {
      parts.merge(partOf.getOrDefault(row.name(), "other"), row.elements(), Long::sum);
    }
    return parts;
  }

  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    source
        .keys()
        .forEach(
            (name, key) -> {
              Entry entry = source.file().find(key).orElseThrow();
              rows.add(
                  new Row(
                      name,
                      ModelInterface.typeName(entry.type()),
                      Arrays.stream(entry.shape().asArray())
                          .boxed()
                          .collect(ImmutableList.toImmutableList())));
            });
    return rows;
  }

  private static long elements(List<Row> rows) {
    return rows.stream().mapToLong(Row::elements).sum();
  }

  private static String text(Row row) {
    return String.format(
        Locale.ROOT,
        "%s %s %s",
        Quoted.of(row.name()),
        row.type(),
        row.shape().stream().map(String::valueOf).collect(joining(", ", "(", ")")));
  }
}
