"""Training curves as a table; started by tools/bench/curve, which says how."""

import argparse
import sys

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

# Means over the 78 steps up to each point, measured with the reference itself: ResNet-18, 5,000
# images of CIFAR-10, --train_batch_size=64 --train_epochs=4 --warmup_epochs=1, unseeded, one run.
MEASURED = {
    "cifar10-small": {
        "train/contrast_loss": {78: 8.854, 156: 8.449, 234: 8.347, 312: 8.252},
        "train/contrast_acc": {78: 0.144, 156: 0.167, 234: 0.189, 312: 0.203},
        "train/supervised_acc": {78: 0.147, 156: 0.160, 234: 0.183, 312: 0.218},
    }
}
TAGS = (
    "train/contrast_loss",
    "train/contrast_acc",
    "train/supervised_loss",
    "train/supervised_acc",
)


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/curve", description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN_DIR")
    parser.add_argument(
        "--beside",
        choices=sorted(MEASURED),
        help="measured values of the reference to stand beside",
    )
    parser.add_argument("--tag", action="append", help=f"default: {', '.join(TAGS)}")
    options = parser.parse_args()
    curves = [read(run) for run in options.runs]
    measured = MEASURED.get(options.beside, {})
    for tag in options.tag or TAGS:
        steps = sorted(set().union(*(curve.get(tag, {}) for curve in curves)))
        if not steps:
            sys.exit(f"no run has the tag {tag}, but {', '.join(sorted(set().union(*curves)))}")
        print(
            f"\n{tag}\n{'step':>7}"
            + "".join(f"{'run ' + str(i + 1):>10}" for i in range(len(curves))),
            end="",
        )
        print(
            f"{'mean':>10}{'spread':>10}"
            + (f"{'reference':>11}{'distance':>10}" if tag in measured else "")
        )
        for step in steps:
            values = [curve[tag][step] for curve in curves if step in curve.get(tag, {})]
            cells = "".join(f"{curve.get(tag, {}).get(step, np.nan):10.4f}" for curve in curves)
            line = f"{step:7}{cells}{np.mean(values):10.4f}{np.ptp(values):10.4f}"
            if step in measured.get(tag, {}):
                there = measured[tag][step]
                line += f"{there:11.3f}{np.mean(values) - there:+10.4f}"
            print(line)
    for number, run in enumerate(options.runs):
        print(f"run {number + 1}: {run}")
    return 0


def read(run):
    """Tag to step to value, of every scalar in a directory's event files."""
    accumulator = EventAccumulator(run, size_guidance={"tensors": 0, "images": 1})
    accumulator.Reload()
    return {
        tag: {
            event.step: float(tf.make_ndarray(event.tensor_proto))
            for event in accumulator.Tensors(tag)
        }
        for tag in accumulator.Tags()["tensors"]
        if accumulator.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
    }


if __name__ == "__main__":
    sys.exit(main())
