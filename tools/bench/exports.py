"""An export to measure with, and images to give to it."""

import os

import numpy as np
import tensorflow as tf

import product


def untrained(scratch):
    """The base directory of an export of a ResNet-18 for 32 pixels after a single step."""
    run, export = os.path.join(scratch, "run"), os.path.join(scratch, "export")
    product.simclr(
        "pretrain",
        "--dataset=synthetic",
        "--train_split=train[:8]",
        "--resnet_depth=18",
        "--image_size=32",
        "--use_blur=False",
        "--train_batch_size=8",
        "--train_steps=1",
        "--warmup_epochs=0",
        "--seed=1",
        f"--model_dir={run}",
    )
    product.simclr("export", f"--model_dir={run}", f"--output={export}")
    return export


def images(scratch, count):
    """A folder of JPEGs of several sizes."""
    folder = os.path.join(scratch, "images")
    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(1)
    for number in range(count):
        side = 32 + 8 * (number % 9)
        pixels = tf.constant(random.integers(0, 256, (side, side, 3), np.uint8))
        with open(os.path.join(folder, f"{number}.jpg"), "wb") as file:
            file.write(tf.io.encode_jpeg(pixels).numpy())
    return folder
