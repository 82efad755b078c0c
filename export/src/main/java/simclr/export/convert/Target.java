package simclr.export.convert;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import simclr.export.convert.ConversionRequest.Form;
import simclr.export.weights.InferredModel;
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

  /**
   * The part of a model that this form has room for.
   *
   * @throws simclr.config.UserException DATA if it has none for the encoder
   */
  InferredModel fitting(InferredModel model);

  /** Names that variables have in this form. */
  ImmutableMap<String, String> names(ImmutableList<VariableSpec> variables);

  /**
   * Writes the weights into a directory that exists.
   *
   * @param model the part that is written, as {@link #fitting} gives it
   * @param source named in the file, where the form has room for it
   */
  void write(WeightGraph graph, InferredModel model, long step, String source, Path directory);

  /**
   * The model's answers, with the weights of what {@link #write} wrote.
   *
   * @param model the part that is written
   */
  Forward readBack(Path directory, InferredModel model);
}
