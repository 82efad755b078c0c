package simclr.export.savedmodel;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.MapDefun;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;
import org.tensorflow.types.family.TType;
import simclr.data.augment.EvaluationPreprocessing;
import simclr.data.image.Encoding;
import simclr.data.image.ImageDecoding;
import simclr.export.savedmodel.ModuleFunction.Body;
import simclr.graph.GraphOps;
import simclr.model.SimClrModel;
import simclr.model.VariableSpec;
import simclr.model.Variables;
import simclr.model.Variables.Variable;
import simclr.parallel.Replicas;

/**
 * The functions of an export, all made of the one forward pass: the released module's call in both
 * modes, and the signatures of a server.
 *
 * <p>The random blur of pretraining is left out; the reference's call has it where a model was
 * pretrained with {@code use_blur}.
 */
final class ModuleFunctions {
  static final String INPUTS = "inputs";
  static final String IMAGE_BYTES = "image_bytes";
  static final String SERVING_DEFAULT = "serving_default";
  static final String PROJECT = "project";
  static final String HEAD_LAYERS = "head_layers";

  static final String REPRESENTATION = "representation";
  static final String PROJECTION = "projection";
  static final String LOGITS = "logits";
  static final String CLASS_NAMES = "class_names";

  private static final String NAME = "__inference_";
  private static final Shape IMAGES =
      Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE, 3);

  private final ExportSource source;
  private final SimClrModel model;

  ModuleFunctions(ExportSource source) {
    this.source = source;
    this.model = new SimClrModel(source.config(), source.numClasses());
  }

  /**
   * The variables of a model.
   *
   * @param trainable in the order of the reference's list
   * @param all the same and then the others, as Keras lists them
   */
  record Registry(ImmutableList<VariableSpec> trainable, ImmutableList<VariableSpec> all) {}

  /** The model's variables. */
  Registry registry() {
    try (Graph graph = new Graph()) {
      Variables variables = model.declare(GraphOps.of(graph), false);
      ImmutableList<VariableSpec> trainable = specs(variables.trainable());
      return new Registry(
          trainable,
          ImmutableList.<VariableSpec>builder()
              .addAll(trainable)
              .addAll(specs(variables.nonTrainable()))
              .build());
    }
  }

  /**
   * The released module's call: images to the dict of endpoints.
   *
   * @param training whether batch statistics are used and the moving averages move
   */
  ModuleFunction call(boolean training) {
    return ModuleFunction.build(
        NAME + "__call__" + (training ? "_training" : "_inference"),
        tf -> {
          Placeholder<TFloat32> images = images(tf);
          Variables variables = Variables.inGraph(tf, training);
          SimClrModel.Outputs outputs = model.build(variables, Replicas.single(), images);
          return body(tf, images, variables, endpoints(outputs));
        });
  }

  /** The functions behind the signatures, by key. */
  ImmutableMap<String, ModuleFunction> signatures() {
    ImmutableMap.Builder<String, ModuleFunction> signatures = ImmutableMap.builder();
    signatures.put(SERVING_DEFAULT, signature(SERVING_DEFAULT, (tf, outputs) -> answers(outputs)));
    if (source.hasProjection()) {
      signatures.put(PROJECT, signature(PROJECT, (tf, outputs) -> Map.of(PROJECTION, outputs.z())));
    }
    if (source.hasProjection() && source.config().projLayers() > 1) {
      signatures.put(
          HEAD_LAYERS, signature(HEAD_LAYERS, (tf, outputs) -> ImmutableMap.copyOf(head(outputs))));
    }
    return signatures.put(IMAGE_BYTES, imageBytes()).buildOrThrow();
  }

  /** The activations under the names of the release. */
  private Map<String, Operand<?>> endpoints(SimClrModel.Outputs outputs) {
    ImmutableMap.Builder<String, Operand<?>> named = ImmutableMap.builder();
    named.putAll(outputs.endpoints().named());
    outputs.logits().ifPresent(logits -> named.put("logits_sup", logits));
    if (source.hasProjection()) {
      named.put("proj_head_input", outputs.endpoints().finalAvgPool());
      named.put("proj_head_output", outputs.z());
    }
    return named.buildOrThrow();
  }

  private static Map<String, Operand<?>> answers(SimClrModel.Outputs outputs) {
    ImmutableMap.Builder<String, Operand<?>> named = ImmutableMap.builder();
    named.put(REPRESENTATION, outputs.endpoints().finalAvgPool());
    outputs.logits().ifPresent(logits -> named.put(LOGITS, logits));
    return named.buildOrThrow();
  }

  /** Each layer of the projection head, the first after h; the last is z. */
  static ImmutableMap<String, Operand<TFloat32>> head(SimClrModel.Outputs outputs) {
    ImmutableMap.Builder<String, Operand<TFloat32>> named = ImmutableMap.builder();
    int last = outputs.projections().size() - 1;
    for (int layer = 1; layer < last; layer++) {
      named.put("head_layer_" + layer, outputs.projections().get(layer));
    }
    return named.put(PROJECTION, outputs.projections().get(last)).buildOrThrow();
  }

  /** Which activations a signature answers with. */
  private interface Choice {
    Map<String, Operand<?>> of(Ops tf, SimClrModel.Outputs outputs);
  }

  private ModuleFunction signature(String key, Choice choice) {
    return ModuleFunction.build(
        NAME + "signature_wrapper_" + key,
        tf -> {
          Placeholder<TFloat32> images = images(tf);
          Variables variables = Variables.inGraph(tf, false);
          SimClrModel.Outputs outputs = model.build(variables, Replicas.single(), images);
          return body(tf, images, variables, choice.of(tf, outputs));
        });
  }

  /** Each encoded image goes through the evaluation's preprocessing by itself, of any size. */
  private ModuleFunction imageBytes() {
    try (ConcreteFunction preprocess = GraphOps.function(this::preprocessOne)) {
      return ModuleFunction.build(
          NAME + "signature_wrapper_" + IMAGE_BYTES,
          tf -> {
            Placeholder<TString> bytes =
                tf.withName(IMAGE_BYTES)
                    .placeholder(TString.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE)));
            Variables variables = Variables.inGraph(tf, false);
            SimClrModel.Outputs outputs =
                model.build(variables, Replicas.single(), mapped(tf, bytes, preprocess));
            ImmutableMap.Builder<String, Operand<?>> answers = ImmutableMap.builder();
            answers.putAll(answers(outputs));
            if (outputs.logits().isPresent() && !source.labels().isEmpty()) {
              answers.put(CLASS_NAMES, classNames(tf, bytes));
            }
            return body(tf, bytes, variables, answers.buildOrThrow());
          });
    }
  }

  private Signature preprocessOne(Ops tf) {
    Placeholder<TString> bytes = tf.placeholder(TString.class, Placeholder.shape(Shape.scalar()));
    return Signature.builder("preprocess_one_image")
        .input("bytes", bytes)
        .output("image", preprocessed(tf, bytes))
        .build();
  }

  /** One encoded image as the evaluation sees it; shape (image_size, image_size, 3). */
  Operand<TFloat32> preprocessed(Ops tf, Operand<TString> bytes) {
    Operand<TFloat32> image =
        ImageDecoding.toFloat(tf, ImageDecoding.decode(tf, bytes, new Encoding.Compressed()));
    return EvaluationPreprocessing.apply(tf, image, source.config().imageSize());
  }

  @SuppressWarnings("unchecked")
  private Operand<TFloat32> mapped(Ops tf, Operand<TString> bytes, ConcreteFunction preprocess) {
    int size = source.config().imageSize();
    MapDefun map =
        tf.mapDefun(
            List.of(bytes),
            List.of(),
            List.of(TFloat32.class),
            List.of(Shape.of(size, size, 3)),
            preprocess);
    return (Operand<TFloat32>) (Operand<?>) map.iterator().next();
  }

  /** Shape (n, classes): servers want the batch first, so each image gets all names. */
  private Operand<TString> classNames(Ops tf, Operand<TString> bytes) {
    Operand<TString> names =
        tf.expandDims(tf.array(source.labels().toArray(new String[0])), tf.constant(0));
    Operand<TInt32> copies = tf.concat(List.of(tf.shape(bytes), tf.array(1)), tf.constant(0));
    return tf.tile(names, copies);
  }

  private static Placeholder<TFloat32> images(Ops tf) {
    return tf.withName(INPUTS).placeholder(TFloat32.class, Placeholder.shape(IMAGES));
  }

  /** Results get nodes of their own: two names may stand for one tensor. */
  private static Body body(
      Ops tf, Operand<?> input, Variables variables, Map<String, Operand<?>> outputs) {
    ImmutableSortedMap.Builder<String, Operand<?>> own = ImmutableSortedMap.naturalOrder();
    outputs.forEach((name, output) -> own.put(name, identity(tf, output)));
    return new Body(input, own.buildOrThrow(), variables.updates(), variables);
  }

  private static <T extends TType> Operand<T> identity(Ops tf, Operand<T> x) {
    return tf.identity(x);
  }

  private static ImmutableList<VariableSpec> specs(List<Variable> variables) {
    return variables.stream().map(Variable::spec).collect(ImmutableList.toImmutableList());
  }
}
