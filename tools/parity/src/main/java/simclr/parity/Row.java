package simclr.parity;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.List;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.model.VariableSpec;

/**
 * A tensor as the files of whole steps write it, behind the columns that name it: mean, l2, up to
 * four samples, and a tolerance for each of the three.
 */
final class Row {
  private static final int SAMPLES = 4;

  private final String where;
  private final ArrayNode cells;
  private final int names;

  /**
   * @param names how many columns stand in front of the numbers
   */
  private Row(String where, ArrayNode cells, int names) {
    this.where = where;
    this.cells = cells;
    this.names = names;
  }

  static Fields.Reader<Row> reader(int names) {
    return (where, node) -> {
      if (!(node instanceof ArrayNode cells) || cells.size() < names + 6) {
        throw new UserException(
            ExitCode.DATA,
            "%s is not a row, expected %s columns, mean, l2, samples and three tolerances",
            where,
            names);
      }
      return new Row(where, cells, names);
    };
  }

  String text(int column) {
    return Fields.textOf(where, cells.get(column));
  }

  /** The place of the row's variable in a list: the first column has its index or its key. */
  int variable(List<VariableSpec> specs) {
    if (cells.get(0).isTextual()) {
      String key = text(0);
      for (int i = 0; i < specs.size(); i++) {
        if (specs.get(i).checkpointKey().equals(key)) {
          return i;
        }
      }
      throw new UserException(ExitCode.DATA, "%s is of %s, which is not a variable", where, key);
    }
    return index(specs.size());
  }

  /** The first column as an index into a list of {@code size}. */
  int index(int size) {
    long index = Fields.integerOf(where, cells.get(0));
    if (index < 0 || index >= size) {
      throw new UserException(
          ExitCode.DATA, "%s begins with %s, expected an index below %s", where, index, size);
    }
    return (int) index;
  }

  void check(Comparison comparison, Values got) {
    int last = cells.size();
    comparison.close("mean", got.mean(), number(names), number(last - 3));
    comparison.close("l2", got.l2(), number(names + 1), number(last - 2));
    List<Double> samples = new ArrayList<>();
    for (int i = names + 2; i < last - 3; i++) {
      samples.add(number(i));
    }
    comparison.samples(got, Samples.positions(got.size(), SAMPLES), samples, number(last - 1));
  }

  private double number(int column) {
    return Fields.numberOf(where + "[" + column + "]", cells.get(column));
  }
}
