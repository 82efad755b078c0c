package simclr.parity;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.primitives.Floats;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;
import simclr.graph.GraphOps;
import simclr.model.Variables.Variable;
import simclr.optim.Lars;
import simclr.optim.Optimizer;

/** Files {@code lars-*}: a few variables and given gradients through an optimizer. */
final class OptimizerCase implements GoldenCase {
  private static final String GRADIENT_RULE =
      "step k (from 0): fill {\"name\": \"grad<k>/<variable>\", \"scale\": grad_scale,"
          + " \"offset\": 0}";

  private record Golden(String name, Shape shape, Fill fill, float gradientScale) {
    float[] gradient(int step) {
      return new Fill("grad" + step + "/" + name, gradientScale, 0).values(shape.size());
    }
  }

  @Override
  public void check(Fields file, Checks checks) {
    file.text("what");
    file.rule("grad_fill", GRADIENT_RULE);
    List<Double> rates = file.numbers("lr_per_step");
    List<Golden> variables =
        file.objects("variables").stream().map(OptimizerCase::variable).toList();
    file.eachCase(golden -> checkCase(golden, checks, variables, rates));
  }

  private static Golden variable(Fields fields) {
    Golden variable =
        new Golden(
            fields.text("name"),
            fields.shape("shape"),
            fields.fill("fill"),
            fields.number32("grad_scale"));
    fields.done();
    return variable;
  }

  private static void checkCase(
      Fields golden, Checks checks, List<Golden> variables, List<Double> rates) {
    Optimizer optimizer = golden.has("config") ? lars(golden.object("config")) : byClass(golden);
    try (Graph graph = new Graph()) {
      Ops tf = GraphOps.of(graph);
      NamedVariables named = new NamedVariables(tf);
      variables.forEach(variable -> named.add(golden, variable.name(), variable.shape()));
      List<Variable> built = ImmutableList.copyOf(named.variables().all());
      if (golden.has("config")) {
        checks
            .of("uses_weight_decay", golden.title())
            .equalLists(
                "variable",
                built.stream().map(v -> optimizer.decays(v.spec())).toList(),
                golden.flags("uses_weight_decay"));
        checks
            .of("does_layer_adaptation", golden.title())
            .equalLists(
                "variable",
                built.stream().map(v -> optimizer.adapts(v.spec())).toList(),
                golden.flags("does_layer_adaptation"));
      }
      Trial trial = new Trial(tf, optimizer, variables, built);
      try (Session session = new Session(graph)) {
        golden.checkOutputs(checks, trial.run(session, rates));
      }
    }
  }

  private static Optimizer lars(Fields config) {
    Lars lars =
        new Lars(
            config.number32("momentum"),
            config.number32("weight_decay"),
            config.flag("use_nesterov"),
            config.flag("classic_momentum"),
            config.number32("eeta"),
            patterns(config, "exclude_from_weight_decay"),
            patterns(config, "exclude_from_layer_adaptation"));
    config.done();
    return lars;
  }

  private static ImmutableList<Pattern> patterns(Fields config, String name) {
    try {
      return config.textsOrNull(name).orElse(List.of()).stream()
          .map(Pattern::compile)
          .collect(ImmutableList.toImmutableList());
    } catch (PatternSyntaxException e) {
      throw config.error("%s holds \"%s\", expected a pattern", name, e.getPattern());
    }
  }

  /** The reference's class tells the flag; the other settings are the flags' defaults. */
  private static Optimizer byClass(Fields golden) {
    String name = golden.text("class");
    String flag =
        switch (name.substring(name.lastIndexOf('.') + 1)) {
          case "SGD" -> "momentum";
          case "Adam" -> "adam";
          case "LARSOptimizer" -> "lars";
          default -> throw golden.error("class is %s, expected SGD, Adam or LARSOptimizer", name);
        };
    return Optimizer.of(
        golden.runConfig(ImmutableMap.of("optimizer", flag, "weight_decay", "1e-4")));
  }

  /** The graph that takes one step, and its run over all of them. */
  private static final class Trial {
    private final List<Golden> golden;
    private final List<Operand<TFloat32>> gradients = new ArrayList<>();
    private final List<Op> start = new ArrayList<>();
    private final List<Op> updates = new ArrayList<>();
    private final Map<String, Operand<TFloat32>> weights = new LinkedHashMap<>();
    private final Map<String, Operand<TFloat32>> slots = new LinkedHashMap<>();
    private final Placeholder<TFloat32> rate;
    private final Placeholder<TInt64> completed;

    Trial(Ops tf, Optimizer optimizer, List<Golden> golden, List<Variable> built) {
      this.golden = golden;
      rate = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
      completed = tf.placeholder(TInt64.class, Placeholder.shape(Shape.scalar()));
      Optimizer.Step step = new Optimizer.Step(rate, completed);
      List<Op> reads = new ArrayList<>();
      built.forEach(variable -> reads.add(variable.value()));
      Ops behindReads = tf.withControlDependencies(reads);
      for (int i = 0; i < golden.size(); i++) {
        Golden wanted = golden.get(i);
        Variable variable = built.get(i);
        start.add(
            tf.assignVariableOp(
                variable.handle(),
                OneOff.constant(tf, wanted.shape(), wanted.fill().values(wanted.shape().size()))));
        List<Operand<? extends TType>> handles = new ArrayList<>();
        for (String slot : optimizer.slots()) {
          handles.add(slot(tf, wanted, slot));
        }
        Operand<TFloat32> gradient =
            tf.placeholder(TFloat32.class, Placeholder.shape(wanted.shape()));
        gradients.add(gradient);
        updates.add(optimizer.apply(behindReads, variable, handles, gradient, step));
        weights.put(wanted.name(), tf.readVariableOp(variable.handle(), TFloat32.class));
      }
    }

    private Operand<? extends TType> slot(Ops tf, Golden wanted, String name) {
      Operand<? extends TType> handle =
          tf.varHandleOp(
              TFloat32.class, wanted.shape(), VarHandleOp.sharedName(wanted.name() + "/" + name));
      float[] zeros = new float[Math.toIntExact(wanted.shape().size())];
      start.add(tf.assignVariableOp(handle, OneOff.constant(tf, wanted.shape(), zeros)));
      slots.put(
          name.toLowerCase(Locale.ROOT) + "_slot:" + wanted.name(),
          tf.readVariableOp(handle, TFloat32.class));
      return handle;
    }

    Map<String, Values> run(Session session, List<Double> rates) {
      Map<String, Values> found = new LinkedHashMap<>();
      List<Double> norms = new ArrayList<>();
      OneOff.target(session.runner(), start);
      for (int k = 0; k < rates.size(); k++) {
        step(session, k, rates.get(k).floatValue());
        Map<String, Values> now = OneOff.fetch(session.runner(), weights);
        now.values().forEach(values -> norms.add(values.l2()));
        if (k == 0) {
          now.forEach((name, values) -> found.put("after1:" + name, values));
        }
        if (k == rates.size() - 1) {
          now.forEach((name, values) -> found.put("final:" + name, values));
        }
      }
      found.putAll(OneOff.fetch(session.runner(), slots));
      Shape shape = Shape.of(rates.size(), golden.size());
      found.put("var_norms", Values.floats(shape, Floats.toArray(norms)));
      return found;
    }

    private void step(Session session, int number, float learningRate) {
      List<TType> fed = new ArrayList<>();
      try {
        Session.Runner runner = session.runner();
        TFloat32 rateNow = TFloat32.scalarOf(learningRate);
        fed.add(rateNow);
        TInt64 completedNow = TInt64.scalarOf(number);
        fed.add(completedNow);
        runner.feed(rate, rateNow).feed(completed, completedNow);
        for (int i = 0; i < golden.size(); i++) {
          TFloat32 gradient = OneOff.tensor(golden.get(i).shape(), golden.get(i).gradient(number));
          fed.add(gradient);
          runner.feed(gradients.get(i), gradient);
        }
        OneOff.target(runner, updates);
      } finally {
        fed.forEach(TType::close);
      }
    }
  }
}
