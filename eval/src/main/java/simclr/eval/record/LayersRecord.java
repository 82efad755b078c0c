package simclr.eval.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * The record of a protocol on every layer: what they share is that of the first one.
 *
 * @param protocol {@value #PROTOCOL}
 * @param probe name of the protocol
 * @param layers one row each
 * @param hMinusZ difference of top-1, where both layers are there
 * @param hMinusZMcnemarP of McNemar's exact test
 */
@JsonInclude(JsonInclude.Include.ALWAYS)
public record LayersRecord(
    String protocol,
    @Nullable String probe,
    @Nullable List<ObjectNode> layers,
    @JsonProperty("h_minus_z") @Nullable Double hMinusZ,
    @JsonProperty("h_minus_z_mcnemar_p") @Nullable Double hMinusZMcnemarP) {
  private static final String PROTOCOL = "layers";

  private static final List<String> OF_LAYER =
      List.of("layer", "width", "top_1", "top_5", "counts", "interval", "objective", "l2");
  private static final List<String> SHARED =
      List.of(
          "encoder", "settings", "dataset", "train", "test", "trust", "seed", "flags", "versions");

  /** The record of these layers, as an object. */
  public static ObjectNode json(
      List<EvaluationRecord> layers, OptionalDouble hMinusZ, OptionalDouble mcnemarP) {
    List<ObjectNode> each = layers.stream().map(RecordJson::of).toList();
    ObjectNode json =
        RecordJson.tree(
            new LayersRecord(
                PROTOCOL,
                layers.get(0).protocol(),
                each.stream().map(layer -> layer.deepCopy().retain(OF_LAYER)).toList(),
                boxed(hMinusZ),
                boxed(mcnemarP)));
    json.setAll(each.get(0).retain(SHARED));
    return json;
  }

  /** The directories of the layers' own records, if a directory is that of all layers. */
  public static Optional<List<Path>> directories(Path directory) {
    LayersRecord read =
        RecordJson.read(directory.resolve(EvaluationRecord.FILE), LayersRecord.class);
    return Optional.ofNullable(read.layers())
        .map(
            rows ->
                rows.stream()
                    .map(row -> directory.resolve(row.path("layer").asText("?")))
                    .toList());
  }

  private static @Nullable Double boxed(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
