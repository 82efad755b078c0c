package simclr.export.convert;

import static com.google.common.collect.ImmutableList.toImmutableList;
import static java.util.stream.Collectors.joining;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.proto.DataType;
import simclr.checkpoint.CheckpointFile.Entry;
import simclr.checkpoint.CheckpointKeys;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.weights.InferredModel;
import simclr.export.weights.WeightSource;
import simclr.model.VariableSpec;

/**
 * Which tensor of a file is which variable. Every tensor is either taken, ignored for a reason, or
 * missing.
 *
 * @param variables name in the file, by variable
 * @param slots name of LARS' momentum in the file, by variable
 * @param ignored tensors of the file that are not taken
 */
record Matching(
    ImmutableMap<VariableSpec, String> variables,
    ImmutableMap<VariableSpec, String> slots,
    ImmutableList<Ignored> ignored) {

  private static final int NAMED = 5;

  /**
   * Matches by name and compares shapes.
   *
   * @throws UserException DATA, naming the first, if a variable is missing or of another shape
   */
  static Matching of(WeightSource source, InferredModel model, boolean keepSlots) {
    Map<VariableSpec, String> variables = new LinkedHashMap<>();
    Map<VariableSpec, String> slots = new LinkedHashMap<>();
    List<String> unfit = new ArrayList<>();
    for (VariableSpec spec : model.variables()) {
      String name = source.nameOf(spec);
      Optional<Entry> entry = source.find(name);
      if (entry.filter(found -> fits(found, spec)).isPresent()) {
        variables.put(spec, name);
      } else {
        unfit.add(
            entry
                .map(e -> name + " is " + e.shape() + ", expected " + spec.shape())
                .orElse(name + " is missing"));
      }
      String slot = source.momentumOf(spec);
      if (keepSlots
          && spec.trainable()
          && source.find(slot).filter(found -> fits(found, spec)).isPresent()) {
        slots.put(spec, slot);
      }
    }
    if (!unfit.isEmpty()) {
      throw new UserException(
          ExitCode.DATA,
          "%s looks like %s, but %s of its %s variables do not fit: %s%s",
          source.path(),
          model.architecture(),
          unfit.size(),
          model.variables().size(),
          unfit.stream().limit(NAMED).collect(joining("; ")),
          unfit.size() > NAMED ? "; and " + (unfit.size() - NAMED) + " more" : "");
    }
    Set<String> taken = new HashSet<>(variables.values());
    taken.addAll(slots.values());
    source.stepName().ifPresent(taken::add);
    return new Matching(
        ImmutableMap.copyOf(variables),
        ImmutableMap.copyOf(slots),
        source.keys().keySet().stream()
            .filter(name -> !taken.contains(name))
            .map(name -> new Ignored(name, why(source, name)))
            .collect(toImmutableList()));
  }

  /** Key of the tensor in the file, by the path of the variable or slot that takes it. */
  ImmutableMap<String, String> keys(WeightSource source) {
    ImmutableMap.Builder<String, String> keys = ImmutableMap.builder();
    variables.forEach((spec, name) -> keys.put(spec.checkpointKey(), key(source, name)));
    slots.forEach(
        (spec, name) -> keys.put(CheckpointKeys.slot(spec, "Momentum"), key(source, name)));
    return keys.buildOrThrow();
  }

  private static String key(WeightSource source, String name) {
    return source.find(name).orElseThrow().key();
  }

  private static boolean fits(Entry entry, VariableSpec spec) {
    return entry.type() == DataType.DT_FLOAT && entry.shape().equals(spec.shape());
  }

  private static String why(WeightSource source, String name) {
    if (name.startsWith(WeightSource.EMA)) {
      return "of the averaged copy of the weights, which --ema takes";
    } else if (name.equals(CheckpointKeys.OBJECT_GRAPH)) {
      return "names Python's objects; what is written has its own";
    } else if (name.equals(CheckpointKeys.SAVE_COUNTER)) {
      return "counts saves, and starts anew";
    } else if (name.endsWith("/Momentum")) {
      return "momentum, which --slots=keep takes for weights that are taken";
    } else if (name.contains(CheckpointKeys.SLOT)
        || name.startsWith("optimizer/")
        || name.matches(".*/Adam(_1)?|beta[12]_power")) {
      return "an optimizer's state that TF1 and TF2 keep differently";
    } else if (source.ema()) {
      return "not of the averaged copy of the weights";
    }
    return "no variable of this model";
  }
}
