package simclr.export.savedmodel;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.tensorflow.TensorFlow;
import simclr.checkpoint.CheckpointFile;
import simclr.config.RunConfig;
import simclr.data.augment.EvaluationPreprocessing;
import simclr.export.bundle.Manifest;
import simclr.export.bundle.Manifest.Architecture;
import simclr.export.bundle.Manifest.Input;
import simclr.export.bundle.Manifest.Signature;
import simclr.export.bundle.Manifest.Source;
import simclr.export.bundle.Manifest.Tensor;
import simclr.model.ResNetSpec;
import simclr.model.SimClrModel;

/** Fills the {@link Manifest} of an export. */
final class ManifestContents {
  private ManifestContents() {}

  static Manifest of(ExportSource source, SavedModelWriter writer, long step) {
    RunConfig config = source.config();
    ResNetSpec encoder = new SimClrModel(config, source.numClasses()).encoder();
    boolean projects = source.hasProjection();
    return new Manifest(
        1,
        architecture(config, encoder),
        encoder.representationSize(),
        projects ? config.projOutDim() : null,
        source.numClasses() > 0 ? source.numClasses() : null,
        source.labels().isEmpty() ? null : "assets/" + SavedModelWriter.LABELS,
        new Input(ImmutableList.of(0, 1), "NHWC", "RGB", config.imageSize(), preprocessing(config)),
        meanings(writer),
        signatures(writer.signatures()),
        tensors(writer.call().outputs().values().asList()),
        new Source(
            source.checkpoint().toString(),
            CheckpointFile.sha256(source.checkpoint().prefix()),
            step),
        config.toFlags(),
        TensorFlow.version(),
        "SimCLR for Java");
  }

  private static Architecture architecture(RunConfig config, ResNetSpec encoder) {
    return new Architecture(
        encoder.depth(),
        encoder.widthMultiplier(),
        config.skRatio(),
        config.seRatio(),
        config.imageSize(),
        encoder.cifarStem(),
        lower(config.projHeadMode()),
        config.projLayers(),
        config.projOutDim(),
        config.ftProjSelector(),
        config.globalBn(),
        lower(config.trainMode()));
  }

  private static String preprocessing(RunConfig config) {
    int size = config.imageSize();
    String crop =
        EvaluationPreprocessing.crops(size)
            ? "central square of 87.5 percent of the shorter side, "
            : "";
    return String.format(
        Locale.ROOT,
        "decode to RGB, times 1/255, %sbicubic resize to %d x %d, clip to [0, 1]; no mean or deviation is taken. Signature image_bytes does all of it, the others take its result.",
        crop,
        size,
        size);
  }

  private static Map<String, String> meanings(SavedModelWriter writer) {
    ImmutableMap<String, String> known =
        ImmutableMap.<String, String>builder()
            .put(ModuleFunctions.REPRESENTATION, "h, the encoder's output: use this one")
            .put(ModuleFunctions.PROJECTION, "z, the projection head's output before normalisation")
            .put(ModuleFunctions.LOGITS, "scores of the classes, before softmax")
            .put(ModuleFunctions.CLASS_NAMES, "names of the classes in the order of the logits")
            .put("initial_conv", "the stem's convolution, before batch norm")
            .put("initial_max_pool", "the stem's output")
            .put("block_group1", "output of the first group of residual blocks")
            .put("block_group2", "output of the second group")
            .put("block_group3", "output of the third group")
            .put("block_group4", "output of the fourth group")
            .put("final_avg_pool", "h, the mean of block_group4 over height and width")
            .put("proj_head_input", "the same as final_avg_pool")
            .put("proj_head_output", "z, the same as projection")
            .put("logits_sup", "the same as logits")
            .buildOrThrow();
    Map<String, String> present = new LinkedHashMap<>(known);
    ModuleFunction head = writer.signatures().get(ModuleFunctions.HEAD_LAYERS);
    if (head != null) {
      head.outputs()
          .keySet()
          .forEach(
              name ->
                  present.putIfAbsent(
                      name, "the projection head after its layer " + name.replaceAll("\\D", "")));
    }
    present
        .keySet()
        .removeIf(
            name ->
                !writer.call().outputs().containsKey(name)
                    && writer.signatures().values().stream()
                        .noneMatch(signature -> signature.outputs().containsKey(name)));
    return present;
  }

  private static Map<String, Signature> signatures(Map<String, ModuleFunction> functions) {
    Map<String, Signature> signatures = new LinkedHashMap<>();
    functions.forEach(
        (key, function) ->
            signatures.put(
                key,
                new Signature(
                    tensors(List.of(function.input())),
                    tensors(function.outputs().values().asList()))));
    return signatures;
  }

  private static Map<String, Tensor> tensors(List<TensorSpec> specs) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorSpec spec : specs) {
      String type = spec.type().name().substring("DT_".length()).toLowerCase(Locale.ROOT);
      tensors.put(
          spec.name(),
          new Tensor(
              type.equals("float") ? "float32" : type,
              Arrays.stream(spec.shape().asArray()).boxed().collect(toImmutableList())));
    }
    return tensors;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
