package simclr.export.savedmodel;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.SavedModelBundle;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.proto.MetaGraphDef;
import org.tensorflow.proto.SignatureDef;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;
import simclr.export.weights.LoadablePath;
import simclr.inference.RestoredModel;
import simclr.model.SimClrModel;
import simclr.parallel.Devices;

/**
 * Whether a written export answers as the model that it was written from: every signature at
 * several batch sizes, and every output fetched alone.
 *
 * <p>Signatures of pixels take any size and are tried on small images, where a large model answers
 * several times faster; encoded images come out of the preprocessing in the model's own size.
 */
final class ReloadCheck {
  private static final ImmutableList<Integer> BATCHES = ImmutableList.of(1, 3, 7);

  private static final int LARGEST_SIDE = 96;

  private final ExportSource source;
  private final ImmutableList<byte[]> files;
  private final Map<String, ImmutableMap<String, Values>> expected = new LinkedHashMap<>();

  private ReloadCheck(ExportSource source, ImmutableList<byte[]> files) {
    this.source = source;
    this.files = files;
  }

  /** Asks the model; it is not needed after that. */
  static ReloadCheck expecting(
      ExportSource source, ModuleFunctions functions, RestoredModel model) {
    int largest = BATCHES.get(BATCHES.size() - 1);
    ReloadCheck check = new ReloadCheck(source, Samples.encoded(largest));
    for (int batch : BATCHES) {
      try (TFloat32 images = check.images(batch);
          TFloat32 decoded = Samples.preprocessed(functions, check.files.subList(0, batch))) {
        check.expected.put(ModuleFunctions.INPUTS + batch, answers(model, images));
        check.expected.put(ModuleFunctions.IMAGE_BYTES + batch, answers(model, decoded));
      }
    }
    return check;
  }

  /**
   * What the model makes of images, under the names that the signatures use.
   *
   * @param images shape (n, height, width, 3), values in [0, 1]
   */
  private static ImmutableMap<String, Values> answers(RestoredModel model, TFloat32 images) {
    SimClrModel.Outputs outputs = model.outputs();
    Map<String, Operand<TFloat32>> named = new LinkedHashMap<>();
    named.put(ModuleFunctions.REPRESENTATION, outputs.endpoints().finalAvgPool());
    named.putAll(ModuleFunctions.head(outputs));
    Optional<Operand<TFloat32>> logits = outputs.logits();
    logits.ifPresent(found -> named.put(ModuleFunctions.LOGITS, found));
    if (outputs.z() == outputs.endpoints().finalAvgPool()) {
      named.remove(ModuleFunctions.PROJECTION); // a session fetches a tensor once
    }
    ImmutableSortedMap.Builder<String, Values> values = ImmutableSortedMap.naturalOrder();
    try (Result result = model.run(images, List.copyOf(named.values()))) {
      int i = 0;
      for (String name : named.keySet()) {
        values.put(name, Values.of(result.get(i++)));
      }
    }
    return values.buildOrThrow();
  }

  /**
   * Loads the export into a graph of its own and compares.
   *
   * @throws IllegalStateException if anything differs: what was written is wrong
   */
  void run(Path directory) {
    try (LoadablePath loadable = LoadablePath.of(directory);
        SavedModelBundle bundle =
            SavedModelBundle.loader(loadable.path().toString())
                .withTags(SavedModelWriter.TAG)
                .withConfigProto(Devices.sessionConfig(source.config()))
                .load()) {
      for (int batch : BATCHES) {
        try (TFloat32 images = images(batch);
            TString encoded = Samples.batch(files.subList(0, batch))) {
          for (Map.Entry<String, SignatureDef> signature : signatures(bundle.metaGraphDef())) {
            boolean bytes = signature.getKey().equals(ModuleFunctions.IMAGE_BYTES);
            compare(bundle.session(), signature, bytes ? encoded : images, batch);
          }
        }
      }
    }
  }

  private void compare(
      Session session, Map.Entry<String, SignatureDef> signature, Tensor input, int batch) {
    SignatureDef definition = signature.getValue();
    String argument = definition.getInputsMap().keySet().iterator().next();
    String fed = definition.getInputsOrThrow(argument).getName();
    List<String> names = new ArrayList<>(definition.getOutputsMap().keySet());
    Session.Runner together = session.runner().feed(fed, input);
    names.forEach(name -> together.fetch(definition.getOutputsOrThrow(name).getName()));
    try (Result result = together.run()) {
      for (int i = 0; i < names.size(); i++) {
        require(signature.getKey(), names.get(i), argument, batch, result.get(i));
      }
    }
    // Alone, a result must not depend on its neighbours being computed.
    for (String name : names) {
      String tensor = definition.getOutputsOrThrow(name).getName();
      try (Result result = session.runner().feed(fed, input).fetch(tensor).run()) {
        require(signature.getKey(), name, argument, batch, result.get(0));
      }
    }
  }

  private TFloat32 images(int batch) {
    return Samples.images(batch, Math.min(LARGEST_SIDE, source.config().imageSize()));
  }

  private void require(String signature, String output, String argument, int batch, Tensor found) {
    Optional<String> wrong = expected(output, argument, batch).disagreement(Values.of(found));
    if (wrong.isPresent()) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "the export was written and answers otherwise than the model: %s of signature %s %s at %d images",
              output,
              signature,
              wrong.get(),
              batch));
    }
  }

  private Values expected(String output, String argument, int batch) {
    if (output.equals(ModuleFunctions.CLASS_NAMES)) {
      return Values.repeated(source.labels(), batch);
    }
    Values values = expected.getOrDefault(argument + batch, ImmutableMap.of()).get(output);
    if (values == null) {
      throw new IllegalStateException("no output is called " + output);
    }
    return values;
  }

  private static List<Map.Entry<String, SignatureDef>> signatures(MetaGraphDef meta) {
    return meta.getSignatureDefMap().entrySet().stream()
        .filter(signature -> !signature.getKey().startsWith("__"))
        .toList();
  }
}
