package simclr.train.graph;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import simclr.config.RunConfig;
import simclr.data.pipeline.Batch;
import simclr.model.SimClrModel;
import simclr.model.Variables;
import simclr.model.Variables.Variable;
import simclr.objective.ContrastiveLoss;
import simclr.objective.DistillationLoss;
import simclr.objective.SupervisedLoss;
import simclr.objective.WeightDecay;
import simclr.parallel.Replicas;
import simclr.summary.Tag;

/**
 * One replica's forward and backward pass over its share of the batch.
 *
 * @param variables this replica's copy of the model
 * @param teacher the frozen variables of the model whose answers are learnt, if there is one
 * @param scalars what the reference logs of the step, in its order; of this replica alone
 * @param gradients one for each trainable variable, in order, summed over replicas; empty where the
 *     loss does not depend on the variable
 */
record Tower(
    Replicas replicas,
    Ops tf,
    Variables variables,
    Optional<Variables> teacher,
    Map<Tag, Operand<TFloat32>> scalars,
    List<Optional<Operand<TFloat32>>> gradients) {

  /** Builds the pass; it reads top-down as the paper's algorithm 1. */
  static Tower build(
      Graph graph,
      Ops tf,
      RunConfig config,
      SimClrModel model,
      Replicas replicas,
      Batch batch,
      Operand<TInt64> blurSeed,
      Optional<Teacher> teacher) {
    Variables variables = Variables.ofReplica(tf, true, replicas.rank());
    Batch own = share(tf, batch, replicas);
    SimClrModel.Outputs outputs =
        model.build(
            variables,
            replicas,
            own.images(),
            config.blursViews() ? Optional.of(blurSeed) : Optional.empty());

    Map<Tag, Operand<TFloat32>> scalars = new EnumMap<>(Tag.class);
    List<Operand<TFloat32>> terms = new ArrayList<>();
    if (config.pretraining()) {
      ContrastiveLoss.Result contrastive =
          ContrastiveLoss.of(config).build(tf, replicas, outputs.z());
      scalars.put(Tag.CONTRAST_LOSS, contrastive.loss());
      scalars.put(Tag.CONTRAST_ACC, contrastive.accuracy());
      scalars.put(Tag.CONTRAST_ENTROPY, contrastive.entropy());
      terms.add(contrastive.loss());
    }
    Optional<Teacher.Built> taught = teacher.map(t -> t.build(tf, replicas, own.images()));
    if (taught.isPresent()) {
      terms.add(
          distil(tf, config, outputs.logits().orElseThrow(), taught.get(), own.labels(), scalars));
    }
    outputs
        .logits()
        .filter(logits -> taught.isEmpty())
        .map(logits -> SupervisedLoss.build(tf, logits, own.labels()))
        .ifPresent(
            supervised -> {
              scalars.put(Tag.SUPERVISED_LOSS, supervised.loss());
              scalars.put(Tag.SUPERVISED_ACC, supervised.accuracy());
              terms.add(supervised.loss());
            });
    Operand<TFloat32> decay =
        WeightDecay.build(tf, variables, config.optimizer(), (float) config.weightDecay());
    scalars.put(Tag.WEIGHT_DECAY, decay);
    terms.add(decay);
    Operand<TFloat32> loss = terms.stream().reduce(tf.math::add).orElseThrow();
    scalars.put(Tag.TOTAL_LOSS, loss);

    return new Tower(
        replicas,
        tf,
        variables,
        taught.map(Teacher.Built::variables),
        scalars,
        gradients(graph, tf, variables, replicas, loss));
  }

  /** Returns the loss and records what is measured beside it. */
  private static Operand<TFloat32> distil(
      Ops tf,
      RunConfig config,
      Operand<TFloat32> student,
      Teacher.Built teacher,
      Operand<TInt64> labels,
      Map<Tag, Operand<TFloat32>> scalars) {
    float alpha = (float) config.distillation().distillAlpha();
    DistillationLoss.Result distilled =
        new DistillationLoss((float) config.distillation().distillTemperature(), alpha)
            .build(tf, student, teacher.logits(), labels);
    scalars.put(Tag.DISTILL_LOSS, distilled.distillation());
    scalars.put(Tag.DISTILL_AGREEMENT, distilled.agreement());
    if (alpha < 1) {
      scalars.put(Tag.SUPERVISED_LOSS, distilled.supervised());
      scalars.put(Tag.SUPERVISED_ACC, distilled.accuracy());
    }
    return distilled.loss();
  }

  /** Rows of this replica; behind them the gradient ends, so that it is not looked for in there. */
  private static Batch share(Ops tf, Batch batch, Replicas replicas) {
    if (replicas.count() == 1) {
      return new Batch(tf.stopGradient(batch.images()), tf.stopGradient(batch.labels()));
    }
    long n = replicas.count();
    int rank = replicas.rank();
    Operand<TInt32> rows = tf.constant(0);
    return new Batch(
        tf.stopGradient(tf.split(rows, batch.images(), n).output().get(rank)),
        tf.stopGradient(tf.split(rows, batch.labels(), n).output().get(rank)));
  }

  /** Gradients of the mean of the replicas' losses; one sum over replicas carries them all. */
  private static List<Optional<Operand<TFloat32>>> gradients(
      Graph graph, Ops tf, Variables variables, Replicas replicas, Operand<TFloat32> loss) {
    List<Variable> trainable = variables.trainable();
    List<Variable> reached = GradientPath.of(loss).filter(trainable);
    Operand<TFloat32> share =
        replicas.count() == 1 ? loss : tf.math.div(loss, tf.constant((float) replicas.count()));
    Output<?>[] values = reached.stream().map(v -> v.value().asOutput()).toArray(Output<?>[]::new);
    Output<?>[] found =
        graph.addGradients(
            "gradients_" + replicas.rank(), new Output<?>[] {share.asOutput()}, values, null);
    List<Operand<TFloat32>> local = new ArrayList<>();
    for (Output<?> gradient : found) {
      local.add(gradient.expect(TFloat32.class));
    }
    List<Operand<TFloat32>> summed = sum(tf, replicas, local);
    List<Optional<Operand<TFloat32>>> gradients = new ArrayList<>();
    for (Variable variable : trainable) {
      int index = reached.indexOf(variable);
      gradients.add(index < 0 ? Optional.empty() : Optional.of(summed.get(index)));
    }
    return List.copyOf(gradients);
  }

  private static List<Operand<TFloat32>> sum(
      Ops tf, Replicas replicas, List<Operand<TFloat32>> gradients) {
    if (replicas.count() == 1) {
      return gradients;
    }
    List<Operand<TFloat32>> flat = new ArrayList<>();
    long[] sizes = new long[gradients.size()];
    for (int i = 0; i < sizes.length; i++) {
      flat.add(tf.reshape(gradients.get(i), tf.array(-1)));
      sizes[i] = gradients.get(i).shape().size();
    }
    Operand<TFloat32> all = replicas.sum(tf, tf.concat(flat, tf.constant(0)));
    List<Output<TFloat32>> parts =
        tf.splitV(all, tf.constant(sizes), tf.constant(0), (long) sizes.length).output();
    List<Operand<TFloat32>> summed = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      summed.add(tf.reshape(parts.get(i), tf.constant(gradients.get(i).shape().asArray())));
    }
    return summed;
  }
}
