"""The reference's own training step on a fixed batch, driven over standard input by bench/step.

Model, losses, metrics and optimizer are the reference's, imported from its tf2/ folder; the step
around them is the one its training loop makes: a tf.function of a loop of steps under
MirroredStrategy. Answers `step N`, `restore PREFIX` and `quit` (crosscheck/product.py, Worker).
"""

import json
import resource
import sys
import time

import numpy as np
import tensorflow as tf

import reference_checks

NAMES = ("contrast_loss", "contrast_acc", "contrast_entropy", "supervised_loss", "supervised_acc")
METRICS = NAMES + ("weight_decay", "total_loss")


class ReferenceTraining:
    def __init__(self, directory, batch_file, batch, examples, flags):
        model_module = reference_checks.load(directory, flags)
        import metrics
        import objective
        from absl import flags as absl_flags

        values = absl_flags.FLAGS
        strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
        with strategy.scope():
            self.model = model = model_module.Model(10)
            schedule = model_module.WarmUpAndCosineDecay(values.learning_rate, examples)
            self.optimizer = optimizer = model_module.build_optimizer(schedule)
            self.means = means = {name: tf.keras.metrics.Mean(name) for name in METRICS}
        images, labels = read_batch(batch_file, batch)
        fixed = tf.data.Dataset.from_tensors((images, np.eye(10, dtype=np.float32)[labels]))
        self.batches = iter(
            strategy.experimental_distribute_dataset(fixed.cache().repeat().prefetch(2))
        )

        def one_step(features, one_hot):
            with tf.GradientTape() as tape:
                projection, logits = model(features, training=True)
                loss, similarity, positives = objective.add_contrastive_loss(
                    projection, hidden_norm=True, temperature=values.temperature, strategy=strategy
                )
                metrics.update_pretrain_metrics_train(
                    *(means[name] for name in NAMES[:3]), loss, similarity, positives
                )
                twice = tf.concat([one_hot, one_hot], 0)
                probe = objective.add_supervised_loss(labels=twice, logits=logits)
                metrics.update_finetune_metrics_train(
                    *(means[name] for name in NAMES[3:]), probe, twice, logits
                )
                decay = model_module.add_weight_decay(model)
                means["weight_decay"].update_state(decay)
                total = loss + probe + decay
                means["total_loss"].update_state(total)
            gradients = tape.gradient(total, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))

        with strategy.scope():

            @tf.function
            def steps(batches, count):
                for _ in tf.range(count):
                    with tf.name_scope(""):
                        strategy.run(one_step, next(batches))

        self.steps = steps

    def restore(self, prefix):
        """Before the first step: the restore is deferred until the variables are made."""
        tf.train.Checkpoint(
            model=self.model, global_step=self.optimizer.iterations, optimizer=self.optimizer
        ).restore(prefix)
        return {}

    def step(self, count):
        wall, cpu = time.perf_counter(), time.process_time()
        self.steps(self.batches, tf.constant(count))
        taken = {
            "wall_ms": (time.perf_counter() - wall) * 1000 / count,
            "cpu_ms": (time.process_time() - cpu) * 1000 / count,
        }
        scalars = {f"train/{name}": float(mean.result()) for name, mean in self.means.items()}
        for mean in self.means.values():
            mean.reset_states()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {**taken, **scalars, "peak_mib": peak}


def read_batch(path, batch):
    content = open(path, "rb").read()
    images = np.frombuffer(content, "<f4", batch * 32 * 32 * 6).reshape(batch, 32, 32, 6)
    return images, np.frombuffer(content, "<i8", batch, images.nbytes)


def main():
    directory, batch_file, batch, examples, *flags = sys.argv[1:]
    training = ReferenceTraining(directory, batch_file, int(batch), int(examples), flags)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "quit":
            break
        answer = training.step(int(rest[0])) if word == "step" else training.restore(rest[0])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
