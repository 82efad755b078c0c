package simclr.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableList;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import simclr.model.VariableSpec;

/**
 * A row of {@code variables}: which variable, and its value at the start.
 *
 * @param key path in the checkpoint, without suffix; also the name of the fill
 */
record GoldenVariable(
    String key, String kerasName, Shape shape, boolean trainable, float scale, float offset) {

  private static final int COLUMNS = 6;

  static ImmutableList<GoldenVariable> listOf(Fields file) {
    return ImmutableList.copyOf(file.list("variables", GoldenVariable::read));
  }

  private static GoldenVariable read(String where, JsonNode row) {
    return new GoldenVariable(
        Fields.textOf(where, Fields.cell(where, row, COLUMNS, 0)),
        Fields.textOf(where, row.get(1)),
        Fields.shapeOf(where, row.get(2)),
        Fields.integerOf(where, row.get(3)) == 1,
        (float) Fields.numberOf(where, row.get(4)),
        (float) Fields.numberOf(where, row.get(5)));
  }

  float[] start() {
    return new Fill(key, scale, offset).values(shape.size());
  }

  /** Whether the product's model has these variables in this order, and no others. */
  static boolean compare(Checks checks, List<GoldenVariable> golden, ModelSpecs specs) {
    List<VariableSpec> ours = specs.all();
    Comparison keys =
        checks
            .of("variables", "keys")
            .equalLists(
                "key",
                ours.stream().map(VariableSpec::checkpointKey).toList(),
                golden.stream().map(GoldenVariable::key).toList());
    Comparison names =
        checks
            .of("variables", "Keras names")
            .equalLists(
                "name",
                ours.stream().map(spec -> spec.kerasName() + ":0").toList(),
                golden.stream().map(GoldenVariable::kerasName).toList());
    Comparison shapes =
        checks
            .of("variables", "shapes")
            .equalLists(
                "shape",
                ours.stream().map(spec -> spec.shape().toString()).toList(),
                golden.stream().map(variable -> variable.shape().toString()).toList());
    Comparison trainable =
        checks
            .of("variables", "trainable")
            .equalLists(
                "trainable",
                ours.stream().map(VariableSpec::trainable).toList(),
                golden.stream().map(GoldenVariable::trainable).toList());
    return ImmutableList.of(keys, names, shapes, trainable).stream()
        .allMatch(comparison -> comparison.verdict().holds());
  }
}
