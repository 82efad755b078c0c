"""The reference's optimizer and schedule, written from their formulas as Python TensorFlow objects.

They exist so that a checkpoint of the product can be restored into the kinds of objects that a
user of the reference has: a legacy Keras optimizer with slots named `Momentum`.
"""

import math
import re

import tensorflow as tf


class WarmUpThenCosine(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Linear from 0 to `peak` in `warmup` steps, then half a cosine down to 0 at `total`."""

    def __init__(self, peak, warmup, total):
        super().__init__()
        self.peak, self.warmup, self.total = peak, warmup, total

    def __call__(self, step):
        step = tf.cast(step, tf.float32)
        length = float(self.total - self.warmup)
        part = tf.minimum(step - self.warmup, length) / length
        falling = self.peak * 0.5 * (1.0 + tf.cos(math.pi * part))
        if not self.warmup:
            return falling
        return tf.where(step < self.warmup, step / self.warmup * self.peak, falling)

    def get_config(self):
        return {"peak": self.peak, "warmup": self.warmup, "total": self.total}


class Lars(tf.keras.optimizers.legacy.Optimizer):
    """LARS (arXiv 1708.03888) with classic momentum; names decide who is decayed and scaled."""

    PLAIN = re.compile("batch_normalization|bias|head_supervised")

    def __init__(self, learning_rate, momentum, weight_decay, eeta=0.001, name="Lars"):
        super().__init__(name)
        self._set_hyper("learning_rate", learning_rate)
        self.momentum, self.weight_decay, self.eeta = momentum, weight_decay, eeta

    def _create_slots(self, var_list):
        for variable in var_list:
            self.add_slot(variable, "Momentum")

    def _resource_apply_dense(self, grad, var, apply_state=None):
        rate = self._decayed_lr(tf.float32)
        if not self.PLAIN.search(var.name):
            grad = grad + self.weight_decay * var
            weight_norm, grad_norm = tf.norm(var), tf.norm(grad)
            both = tf.logical_and(weight_norm > 0, grad_norm > 0)
            rate = rate * tf.where(both, self.eeta * weight_norm / grad_norm, 1.0)
        slot = self.get_slot(var, "Momentum")
        velocity = self.momentum * slot + rate * grad
        return tf.group(slot.assign(velocity), var.assign(var - velocity))

    def get_config(self):
        return {"name": self._name}
