"""Resident memory of a training run; started by tools/bench/memory, which says how."""

import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import product

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/memory", description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument(
        "--batch", type=int, default=8, help="images of a step: memory, not speed, is looked at"
    )
    parser.add_argument(
        "--warm_up", type=float, default=0.3, help="share of the steps that is not judged"
    )
    parser.add_argument(
        "--growth", type=float, default=0.03, help="tolerated growth over the rest, as a share"
    )
    options, passed_on = parser.parse_known_args()
    return judge(train(options, passed_on), options)


def train(options, passed_on):
    """Samples of a run of `options.steps` steps of `options.batch` images; see `watch`."""
    subprocess.run([product.COMMAND, "--version"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as model_dir:
        command = [
            product.COMMAND,
            "pretrain",
            "--dataset=synthetic",
            "--eval_split=test",
            "--resnet_depth=18",
            "--image_size=32",
            "--use_blur=False",
            f"--train_batch_size={options.batch}",
            f"--train_steps={options.steps}",
            f"--checkpoint_steps={max(1, options.steps // 20)}",
            "--keep_checkpoint_max=1",
            "--seed=1",
            *passed_on,
            f"--model_dir={model_dir}",
        ]
        return watch(command, model_dir, options.steps)


def watch(command, model_dir, steps):
    """Runs the command; returns (seconds, newest checkpoint's step, resident MiB) every half second."""
    samples = []
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:  # a pipe would have to be emptied
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said) as process:
            while process.poll() is None:
                samples.append(
                    (time.monotonic() - started, newest(model_dir), resident(process.pid))
                )
                time.sleep(0.5)
        if process.returncode:
            said.seek(0)
            raise product.Failed(
                f"the run ended with status {process.returncode}:\n{said.read()[-4000:]}"
            )
    if newest(model_dir) < steps:
        raise product.Failed(f"the run ended at step {newest(model_dir)}, expected {steps}")
    return [sample for sample in samples if sample[2] > 0]


def newest(model_dir):
    found = glob.glob(os.path.join(model_dir, "ckpt-*.index"))
    return max((int(path.rsplit("-", 1)[1].split(".")[0]) for path in found), default=0)


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE_MIB
    except FileNotFoundError:
        return 0.0


def judge(samples, options):
    """A line through the samples after warm-up: its rise over them must be small."""
    rows = np.array(samples)
    print(f"{'step':>6} {'seconds':>8} {'median MiB':>11} {'highest MiB':>12}")
    for step in sorted(set(rows[:, 1])):
        part = rows[rows[:, 1] == step]
        print(
            f"{step:6.0f} {part[-1, 0]:8.0f} {np.median(part[:, 2]):11.0f} {part[:, 2].max():12.0f}"
        )
    judged = rows[rows[:, 1] >= options.warm_up * options.steps]
    if len(judged) < 20:
        raise product.Failed(
            f"only {len(judged)} samples after warm-up, expected 20 or more: take more steps"
        )
    slope, start = np.polyfit(judged[:, 0], judged[:, 2], 1)
    rise = slope * (judged[-1, 0] - judged[0, 0])
    share = rise / np.median(judged[:, 2])
    flat = share <= options.growth
    print(
        f"{'flat' if flat else 'FAILED: grows'}: {rise:+.0f} MiB ({share:+.1%}) over steps"
        f" {judged[0, 1]:.0f} to {options.steps}, tolerated {options.growth:.1%}"
    )
    return 0 if flat else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except product.Failed as failure:
        sys.exit(f"FAILED: {failure}")
