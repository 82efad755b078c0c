package simclr.parity;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import simclr.config.RunConfig;
import simclr.config.RunConfig.OptimizerKind;
import simclr.graph.GraphOps;
import simclr.model.VariableSpec;
import simclr.model.Variables.Variable;
import simclr.objective.WeightDecay;

/** Files {@code loss-weight-decay}: which variables the loss decays, and the term. */
final class WeightDecayCase implements GoldenCase {
  private static final Pattern ARCHITECTURE = Pattern.compile("resnet(\\d+)(-sk)?(-se)?");

  /** Published ratio of selective kernels; the names hold no other. */
  private static final String SK_RATIO = "0.0625";

  private record Named(String name, Shape shape) {}

  @Override
  public void check(Fields file, Checks checks) {
    file.text("what");
    Fields architectures = file.object("trainable_variables");
    Map<String, List<Named>> variables = new LinkedHashMap<>();
    for (String arch : architectures.names()) {
      List<Named> named = architectures.list(arch, WeightDecayCase::named);
      variables.put(arch, named);
      checkNames(architectures, checks, arch, named);
    }
    file.eachCase(golden -> checkCase(golden, checks, variables));
  }

  private static Named named(String where, JsonNode row) {
    return new Named(
        Fields.textOf(where, Fields.cell(where, row, 2, 0)),
        Fields.shapeOf(where, Fields.cell(where, row, 2, 1)));
  }

  /** The product's model of that architecture has these trainable variables. */
  private static void checkNames(Fields where, Checks checks, String arch, List<Named> named) {
    Matcher parts = ARCHITECTURE.matcher(arch);
    if (!parts.matches()) {
      throw where.error("architecture is %s, expected resnet<depth>[-sk][-se]", arch);
    }
    Named last = named.get(named.size() - 1);
    ImmutableMap.Builder<String, String> flags = ImmutableMap.builder();
    flags.put("resnet_depth", parts.group(1));
    flags.put("sk_ratio", parts.group(2) == null ? "0" : SK_RATIO);
    flags.put("se_ratio", parts.group(3) == null ? "0" : squeezeRatio(named));
    flags.put("image_size", cifarStem(named) ? "32" : "224");
    RunConfig config = where.runConfig(flags.buildOrThrow());
    List<VariableSpec> specs =
        ModelSpecs.of(config, Math.toIntExact(last.shape().get(0))).trainable();
    checks
        .of("names", arch)
        .equalLists(
            "variable",
            specs.stream().map(spec -> spec.kerasName() + ":0").toList(),
            named.stream().map(Named::name).toList());
    checks
        .of("shapes", arch)
        .equalLists(
            "variable",
            specs.stream().map(spec -> spec.shape().toString()).toList(),
            named.stream().map(variable -> variable.shape().toString()).toList());
  }

  /** One convolution of 3x3; the ImageNet stem has one of 7x7 or, with selective kernels, three. */
  private static boolean cifarStem(List<Named> named) {
    return named.get(0).shape().get(0) == 3
        && named.stream().noneMatch(v -> v.name().startsWith("resnet/conv2d_fixed_padding_1/"));
  }

  /** The first squeezing convolution stands in a block of 64 filters. */
  private static String squeezeRatio(List<Named> named) {
    return named.stream()
        .filter(variable -> variable.name().contains("se__layer"))
        .findFirst()
        .map(variable -> Double.toString(variable.shape().get(-1) / 64.0))
        .orElse("0");
  }

  private static void checkCase(
      Fields golden, Checks checks, Map<String, List<Named>> architectures) {
    String arch = golden.text("arch");
    List<Named> named = architectures.getOrDefault(arch, List.of());
    if (named.isEmpty()) {
      throw golden.error("arch is %s, expected one of %s", arch, architectures.keySet());
    }
    RunConfig config =
        golden.runConfig(
            ImmutableMap.of(
                "train_mode", golden.text("train_mode"),
                "optimizer", golden.text("optimizer"),
                "weight_decay", golden.any("weight_decay").asText()));
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      NamedVariables registry = new NamedVariables(tf);
      named.forEach(v -> registry.add(golden, withoutSuffix(golden, v.name()), v.shape()));
      List<Variable> variables = registry.variables().trainable();
      checks
          .of("num_trainable", golden.title())
          .equal("num_trainable", (long) variables.size(), golden.integer("num_trainable"));
      checks
          .of("taken_indices", golden.title())
          .equalLists(
              "index", taken(variables, config.optimizer()), golden.integers("taken_indices"));
      Fields outputs = golden.object("outputs");
      if (outputs.names().isEmpty()) {
        return;
      }
      Operand<TFloat32> loss =
          WeightDecay.build(
              tf, registry.variables(), config.optimizer(), (float) config.weightDecay());
      Assignments assignments = new Assignments(tf, variables);
      try (Session session = new Session(graph)) {
        List<VariableSpec> decayed = new ArrayList<>();
        Map<String, Fill> fills = new LinkedHashMap<>();
        for (int i = 0; i < named.size(); i++) {
          VariableSpec spec = variables.get(i).spec();
          if (WeightDecay.decayedBy(config.optimizer()).test(spec)) {
            decayed.add(spec);
            fills.put(spec.checkpointKey(), new Fill(named.get(i).name(), 0.05f, 0.01f));
          }
        }
        assignments.assign(
            session,
            decayed,
            spec -> OneOff.get(fills, spec.checkpointKey()).values(spec.shape().size()));
        golden.checkOutputs(
            checks, OneOff.fetch(session.runner(), Map.of("weight_decay_loss", loss)));
      }
    }
  }

  private static List<Long> taken(List<Variable> variables, OptimizerKind optimizer) {
    List<Long> taken = new ArrayList<>();
    for (int i = 0; i < variables.size(); i++) {
      if (WeightDecay.decayedBy(optimizer).test(variables.get(i).spec())) {
        taken.add((long) i);
      }
    }
    return taken;
  }

  private static String withoutSuffix(Fields where, String name) {
    if (!name.endsWith(":0")) {
      throw where.error("variable %s has no suffix, expected \":0\"", name);
    }
    return name.substring(0, name.length() - 2);
  }
}
