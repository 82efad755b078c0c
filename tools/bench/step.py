"""Step time beside the reference's; started by tools/bench/step, which says how."""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile

import numpy as np
import tensorflow as tf

import product
import training

FLAGS = [
    "--resnet_depth=18",
    "--image_size=32",
    "--use_blur=False",
    "--learning_rate=1.0",
    "--weight_decay=1e-4",
    "--temperature=0.5",
    "--train_epochs=1000",
]
EXAMPLES = 50000


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/step", description=__doc__)
    parser.add_argument(
        "--reference", required=True, metavar="DIR", help="the reference's tf2/ folder"
    )
    parser.add_argument("--rounds", type=int, default=6, help="how often each side takes its turn")
    parser.add_argument("--steps", type=int, default=4, help="steps of a turn")
    parser.add_argument("--batch", type=int, default=64, help="images; each gives two views")
    parser.add_argument(
        "--precision",
        action="append",
        choices=("float32", "bfloat16"),
        help="of ours, repeatable; the reference has float32 only. Default: float32",
    )
    parser.add_argument(
        "--at_most",
        type=float,
        metavar="RATIO",
        help="fail if ours takes longer than RATIO times the reference's",
    )
    options, passed_on = parser.parse_known_args()
    precisions = list(dict.fromkeys(options.precision or ["float32"]))

    images, labels = training.batch(training.Settings(batch=options.batch))
    flags = [*FLAGS, f"--train_batch_size={options.batch}"]
    with tempfile.TemporaryDirectory(
        prefix="bench-step-"
    ) as scratch, contextlib.ExitStack() as stack:
        batch_file = os.path.join(scratch, "batch.bin")
        product.write_batch(batch_file, images, labels)
        here = os.path.dirname(os.path.abspath(__file__))
        command = [
            sys.executable,
            os.path.join(here, "reference.py"),
            options.reference,
            batch_file,
        ]
        log = stack.enter_context(open(os.path.join(scratch, "log"), "w", encoding="utf-8"))

        def start(command):
            return stack.enter_context(product.Worker(command, log))

        sides = {"reference": start([*command, str(options.batch), str(EXAMPLES), *flags])}
        for precision in precisions:
            own = [*flags, "--seed=1", f"--precision={precision}", *passed_on]
            sides[precision] = start(product.fixed_batch(batch_file, EXAMPLES, own))

        print(
            f"{options.batch} images, {2 * options.batch} views, {os.cpu_count()} cores, load {load()}"
        )
        same_start(sides, precisions, scratch)
        times = {name: [] for name in sides}
        last = {}
        print(f"{'round':>5}" + "".join(f"{name + ' wall':>16} {'cpu ms':>8}" for name in sides))
        for number in range(options.rounds):
            line = f"{number + 1:5}"
            for name, side in sides.items():
                last[name] = side.ask(f"step {options.steps}")
                times[name].append((last[name]["wall_ms"], last[name]["cpu_ms"]))
                line += f"{times[name][-1][0]:16.1f} {times[name][-1][1]:8.1f}"
            print(line, flush=True)
    print(
        "peak resident MiB: "
        + ", ".join(f"{name} {end['peak_mib']:.0f}" for name, end in last.items())
    )
    failed = same_end(last, precisions)
    for precision in precisions:
        wall = ratios(times, precision, 0)
        cpu = ratios(times, precision, 1)
        print(
            f"{precision} to reference: wall {statistics.median(wall):.3f} ({min(wall):.3f} to {max(wall):.3f}),"
            f" cpu {statistics.median(cpu):.3f} ({min(cpu):.3f} to {max(cpu):.3f}); load {load()}"
        )
        if options.at_most and statistics.median(wall) > options.at_most:
            failed.append(
                f"{precision} takes {statistics.median(wall):.3f} of the reference's time"
            )
    for failure in failed:
        print(f"FAILED: {failure}")
    return 1 if failed else 0


def same_start(sides, precisions, scratch):
    """All sides take weights that ours drew, and their first two steps must give the same losses."""
    sides[precisions[0]].ask(f"save {scratch}/start")
    start = tf.train.latest_checkpoint(f"{scratch}/start")
    for side in sides.values():
        side.ask(f"restore {start}")
    for number in range(2):
        losses = {name: side.ask("step 1") for name, side in sides.items()}
        for precision in precisions:
            check_losses(
                f"step {number + 1}",
                losses,
                precision,
                {"float32": 1e-4, "bfloat16": 2e-2}[precision],
            )
        print(
            f"step {number + 1}: total loss "
            + ", ".join(f"{n} {x['train/total_loss']:.5f}" for n, x in losses.items())
        )


def same_end(last, precisions):
    """After the timed steps the sides are still near each other: nobody skipped any work."""
    failed = []
    for precision in precisions:
        try:
            check_losses("the last turn", last, precision, 5e-2)
        except product.Failed as failure:
            failed.append(str(failure))
    return failed


def check_losses(when, losses, precision, tolerance):
    for name in ("contrast_loss", "supervised_loss", "total_loss"):
        ours, theirs = losses[precision][f"train/{name}"], losses["reference"][f"train/{name}"]
        if not abs(ours - theirs) <= tolerance * abs(theirs):
            raise product.Failed(
                f"{when}: {name} is {ours} in {precision}, {theirs} in the reference"
            )


def ratios(times, name, column):
    pairs = zip(np.array(times[name])[:, column], np.array(times["reference"])[:, column])
    return [float(ours / theirs) for ours, theirs in pairs]


def load():
    return " ".join(f"{x:.1f}" for x in os.getloadavg())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except product.Failed as failure:
        sys.exit(f"FAILED: {failure}")
