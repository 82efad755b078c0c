"""Pretraining steps in Python, on the objects that a checkpoint of the product restores into."""

import dataclasses
import os

import numpy as np
import tensorflow as tf

import network
import objects
import optimizers

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "golden")


@dataclasses.dataclass(frozen=True)
class Settings:
    """The flags of the runs that are compared; the same for both sides."""

    optimizer: str = "lars"
    base_rate: float = 0.01
    warmup_epochs: float = 0.0
    batch: int = 8
    examples: int = 64
    epochs: int = 4
    temperature: float = 0.5
    weight_decay: float = 1e-4

    def schedule(self):
        peak = self.base_rate * self.batch**0.5
        warmup = int(round(self.warmup_epochs * self.examples // self.batch))
        total = self.examples * self.epochs // self.batch + 1
        return optimizers.WarmUpThenCosine(peak, warmup, total)

    def flags(self):
        """As the product's command line takes them."""
        return [
            "--resnet_depth=18",
            "--image_size=32",
            "--use_blur=False",
            f"--optimizer={self.optimizer}",
            f"--learning_rate={self.base_rate}",
            "--learning_rate_scaling=sqrt",
            f"--warmup_epochs={self.warmup_epochs}",
            f"--train_batch_size={self.batch}",
            f"--train_epochs={self.epochs}",
            f"--temperature={self.temperature}",
            f"--weight_decay={self.weight_decay}",
        ]


class Training:
    """Model, optimizer and checkpoint as a user of the reference would hold them."""

    def __init__(self, settings):
        self.settings = settings
        self.model = objects.Model(os.path.join(GOLDEN, "architecture-r18-cifar.json"))
        self.network = network.Network(self.model.variables)
        self.optimizer = self._optimizer()
        self.checkpoint = tf.train.Checkpoint(
            model=self.model.root, global_step=self.optimizer.iterations, optimizer=self.optimizer
        )
        # Slots must exist before the restore: only then does the assertion cover them.
        if settings.optimizer == "lars":
            self.optimizer._create_all_weights(self.model.trainable)
        else:
            self.optimizer.build(self.model.trainable)
        self._take = tf.function(self._step)

    def _optimizer(self):
        schedule = self.settings.schedule()
        if self.settings.optimizer == "lars":
            return optimizers.Lars(schedule, momentum=0.9, weight_decay=self.settings.weight_decay)
        if self.settings.optimizer == "momentum":
            return tf.keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)
        return tf.keras.optimizers.Adam(schedule)

    def manager(self, directory, keep=5):
        return tf.train.CheckpointManager(self.checkpoint, directory, max_to_keep=keep)

    def restore(self, prefix):
        """Restores with both assertions: nothing of ours missing there, nothing there unknown here."""
        status = self.checkpoint.restore(prefix)
        status.assert_existing_objects_matched()
        status.assert_consumed()

    def step(self, images, labels):
        """One step; returns contrastive, probe and total loss."""
        return [float(x) for x in self._take(tf.constant(images), tf.constant(labels))]

    def _step(self, images, labels):
        settings = self.settings
        with tf.GradientTape() as tape:
            losses = network.pretraining_losses(
                self.network,
                images,
                labels,
                settings.temperature,
                self._decayed(),
                settings.weight_decay,
            )
        gradients = tape.gradient(losses[-1], self.model.trainable)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable))
        return losses

    def _decayed(self):
        if self.settings.optimizer == "lars":
            return [self.model.variables[f"{network.PROBE}/kernel"]]
        return [v for v in self.model.trainable if "batch_normalization" not in v.name]

    def weights(self):
        return {key: variable.numpy() for key, variable in self.model.variables.items()}


def batch(settings):
    """A batch with structure: blobs, the second view a shifted, dimmed copy of the first."""
    draw = np.random.RandomState(5)
    coarse = draw.rand(settings.batch, 8, 8, 3).astype(np.float32)
    first = tf.image.resize(coarse, [32, 32], "bicubic").numpy().clip(0, 1)
    second = np.roll(first, 3, axis=2) * draw.uniform(0.6, 1, (settings.batch, 1, 1, 3)).astype(
        np.float32
    )
    return np.concatenate([first, second], -1), draw.randint(0, 10, settings.batch).astype(np.int64)
