"""Checks that need the reference's own code beside the product: its tf2/ folder, given by option.

Nothing of that code is kept here; it is imported from where it lies.
"""

import os
import sys
import types

import tensorflow as tf

import objects
import product
import training
from product import Failed


def load(directory, flags):
    """Imports the reference's modules with their flags set; returns its model module."""
    if not os.path.isfile(os.path.join(directory, "run.py")):
        raise SystemExit(f"{directory} has no run.py, expected the reference's tf2/ folder")
    # Only its data module asks for this package, which nothing here uses.
    sys.modules.setdefault("tensorflow_datasets", types.ModuleType("tensorflow_datasets"))
    sys.path.insert(0, directory)
    import run  # noqa: F401  (defines the flags)
    import model
    from absl import flags as absl_flags

    absl_flags.FLAGS(["reference", "--use_tpu=False", *flags])
    return model


def register(check, directory):
    settings = training.Settings(batch=8, examples=32, epochs=4)
    model_module = load(directory, settings.flags())

    class Reference:
        """The reference's model, optimizer and checkpoint, built and with slots."""

        def __init__(self):
            tf.keras.backend.clear_session()
            self.model = model_module.Model(10)
            schedule = model_module.WarmUpAndCosineDecay(settings.base_rate, settings.examples)
            self.optimizer = model_module.build_optimizer(schedule)
            self.model(tf.zeros([settings.batch, 32, 32, 6]), training=False)
            self.optimizer._create_all_weights(self.model.trainable_variables)
            self.checkpoint = tf.train.Checkpoint(
                model=self.model, global_step=self.optimizer.iterations, optimizer=self.optimizer
            )

        def restore(self, prefix):
            status = self.checkpoint.restore(prefix)
            status.assert_existing_objects_matched()
            status.assert_consumed()

        def step(self, images, labels):
            import objective

            with tf.GradientTape() as tape:
                projection, logits = self.model(tf.constant(images), training=True)
                contrastive, _, _ = objective.add_contrastive_loss(
                    projection, hidden_norm=True, temperature=settings.temperature, strategy=None
                )
                twice = tf.one_hot(tf.concat([labels, labels], 0), 10)
                probe = objective.add_supervised_loss(labels=twice, logits=logits)
                total = contrastive + probe + model_module.add_weight_decay(self.model)
            gradients = tape.gradient(total, self.model.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))
            return {"contrast_loss": contrastive, "supervised_loss": probe, "total_loss": total}

    @check("reference-goes-on")
    def reference_goes_on(scratch):
        """The reference's own classes restore Java's checkpoint and take Java's next steps."""
        import crosscheck

        first, second = os.path.join(scratch, "first"), os.path.join(scratch, "second")
        with crosscheck.fixed_batch(scratch, settings) as java:
            java.ask("step 2")
            java.ask(f"save {first}")
            java_losses = [java.ask("step 1") for _ in range(2)]
            java.ask(f"save {second}")
        reference = Reference()
        manager = tf.train.CheckpointManager(reference.checkpoint, first, max_to_keep=5)
        reference.restore(manager.latest_checkpoint)
        before = objects.values(manager.latest_checkpoint)
        images, labels = training.batch(settings)
        worst = 0.0
        for java_loss in java_losses:
            for name, value in reference.step(images, labels).items():
                there = java_loss[f"train/{name}"]
                worst = max(worst, abs(float(value) - there) / abs(there))
        if worst > 1e-3:
            raise Failed(f"losses are {worst:.1e} apart, expected at most 1e-3")
        saved = manager.save(checkpoint_number=reference.optimizer.iterations)
        here, there = objects.values(saved), objects.values(tf.train.latest_checkpoint(second))
        if here.keys() != there.keys():
            raise Failed(f"keys differ: {sorted(here.keys() ^ there.keys())[:3]}")
        start = {key: value for key, value in before.items() if key.startswith("model/")}
        movement = crosscheck.near(start, here, there)
        return f"{len(here)} keys equal; two more steps: losses {worst:.1e} apart, {movement}"

    @check("reference-by-turns")
    def reference_by_turns(scratch):
        """The reference saves into a run's model_dir, and the next run resumes from it."""
        import crosscheck

        model_dir = crosscheck.trained_run(scratch)
        reference = Reference()
        manager = tf.train.CheckpointManager(reference.checkpoint, model_dir, max_to_keep=5)
        reference.restore(manager.latest_checkpoint)
        images, labels = training.batch(settings)
        reference.step(images, labels)
        reference.step(images, labels)
        manager.save(checkpoint_number=reference.optimizer.iterations)
        listed = [os.path.basename(path) for path in manager.checkpoints]
        if listed != ["ckpt-2", "ckpt-4", "ckpt-6"]:
            raise Failed(
                f"the reference's manager lists {listed}, expected Java's two and its own ckpt-6"
            )
        product.simclr("run", *crosscheck.run_flags(scratch, model_dir), "--train_steps=8")
        last = Reference()
        last.restore(tf.train.latest_checkpoint(model_dir))
        if int(last.optimizer.iterations) != 8:
            raise Failed(
                f"the last checkpoint is of step {int(last.optimizer.iterations)}, expected 8"
            )
        return "steps 4 (Java), 6 (reference), 8 (Java), all restored by the reference with both assertions"
