package simclr.export.convert;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import org.tensorflow.Session;
import simclr.export.convert.ConversionRequest.Form;
import simclr.export.weights.Architecture;
import simclr.model.VariableSpec;

/** A form that weights are written in. */
sealed interface Target permits Tf1Target, Tf2Target, SafetensorsTarget {

  static Target of(Form form) {
    return switch (form) {
      case TF1 -> new Tf1Target();
      case TF2 -> new Tf2Target();
      case SAFETENSORS -> new SafetensorsTarget();
    };
  }

  /** A graph's weights on their way into a file. */
  @FunctionalInterface
  interface Writer {
    /** Writes into a directory that exists. */
    void write(Session session, Path directory);
  }

  /**
   * The part of a model that this form has room for.
   *
   * @throws simclr.config.UserException DATA if it has none for the encoder
   */
  Architecture fitting(Architecture architecture);

  /** Names that variables have in this form. */
  ImmutableMap<String, String> names(ImmutableList<VariableSpec> variables);

  /**
   * Adds ops; the graph's session starts after that.
   *
   * @param architecture the part that is written, as {@link #fitting} gives it
   * @param source named in the file, where the form has room for it
   */
  Writer writer(WeightGraph graph, Architecture architecture, long step, String source);

  /**
   * The model's answers, with the weights of what {@link Writer#write} wrote.
   *
   * @param architecture the part that is written
   */
  Forward readBack(Path directory, Architecture architecture);
}
