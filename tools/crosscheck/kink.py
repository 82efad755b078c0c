"""Writes a golden step file again as the reference computes it when rounding falls differently.

  tools/crosscheck/python tools/crosscheck/kink.py REFERENCE GOLDEN SEED OUTPUT

REFERENCE is the reference's tf2/ folder. Every image value is moved by one float32 ulp, up or down
by SEED; tolerances are kept. With a unit close to the kink of ReLU the step of its gradient then
lies on the other side: both files are the reference's own numbers.
"""

import importlib.util
import json
import os
import sys
import types

import numpy as np

import golden

reference, source, seed, output = sys.argv[1:]
sys.path.insert(0, reference)
sys.modules.setdefault("tensorflow_datasets", types.ModuleType("tensorflow_datasets"))
if importlib.util.find_spec("tf_keras"):  # TensorFlow 2.16 and newer
    os.environ["TF_USE_LEGACY_KERAS"] = "1"

import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

from absl import flags  # noqa: E402

import model as model_lib  # noqa: E402
import objective  # noqa: E402
import run  # noqa: E402,F401 (declares the flags)

FLAGS = flags.FLAGS
ROUNDED = 8  # digits, as in the file


def moved_by_an_ulp(images, random):
    up = np.nextafter(images, np.float32(2))
    down = np.nextafter(images, np.float32(-1))
    return np.where(random.rand(*images.shape) < 0.5, up, down).astype(np.float32)


def stated(array, row, index_of_values):
    """The row with its mean, l2 and samples taken from the array; index and tolerances stay."""
    flat = array.numpy().astype(np.float64).ravel()
    samples = golden.sampled(flat, len(row) - index_of_values - 5)
    values = [flat.mean(), np.sqrt((flat * flat).sum()), *samples]
    return row[:index_of_values] + [float(f"{v:.{ROUNDED}g}") for v in values] + row[-3:]


def main():
    file = golden.load(source)
    FLAGS(["kink", "--model_dir=unused"] + [f"--{k}={v}" for k, v in file["flags"].items()])
    model = model_lib.Model(file["num_classes"])
    schedule = model_lib.WarmUpAndCosineDecay(FLAGS.learning_rate, file["num_examples"])
    optimizer = model_lib.build_optimizer(schedule)
    random = np.random.RandomState(int(seed))
    shape = file["steps"][0]["images"]["shape"]
    model(tf.zeros([1] + shape[1:]), training=False)
    by_name = {v.name: v for v in model.variables}
    variables = [by_name[row[1]] for row in file["variables"]]
    for variable, row in zip(variables, file["variables"]):
        variable.assign(golden.filled(row[0], row[2], row[4], row[5]))
    for step in file["steps"]:
        images = moved_by_an_ulp(golden.images(step["images"]), random)
        classes = golden.labels(step["labels"], len(images), file["num_classes"])
        labels = tf.one_hot(classes, file["num_classes"])
        with tf.GradientTape() as tape:
            projections, logits = model(tf.constant(images), training=True)
            contrast = objective.add_contrastive_loss(
                projections,
                hidden_norm=FLAGS.hidden_norm,
                temperature=FLAGS.temperature,
                strategy=None,
            )[0]
            supervised = objective.add_supervised_loss(
                labels=tf.concat([labels, labels], 0), logits=logits
            )
            decay = model_lib.add_weight_decay(model, adjust_per_optimizer=True)
            total = contrast + supervised + decay
        scalars = {
            "contrast_loss": contrast,
            "supervised_loss": supervised,
            "weight_decay": decay,
            "total_loss": total,
        }
        for name, value in scalars.items():
            step["scalars"][name][0] = float(f"{float(value):.{ROUNDED}g}")
        gradients = tape.gradient(total, model.trainable_variables)
        of = {v.ref(): g for v, g in zip(model.trainable_variables, gradients)}
        step["gradients"] = [stated(of[variables[r[0]].ref()], r, 1) for r in step["gradients"]]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        if "variables_after" in step:
            step["variables_after"] = [
                stated(variables[r[0]], r, 1) for r in step["variables_after"]
            ]
            step["slots_after"] = [
                stated(optimizer.get_slot(variables[r[0]], r[1]), r, 2)
                for r in step["slots_after"]
            ]
    file["name"] = os.path.splitext(os.path.basename(output))[0].removeprefix("step-")
    with open(output, "w", encoding="utf-8") as out:
        json.dump(file, out, separators=(",", ":"))
        out.write("\n")


main()
