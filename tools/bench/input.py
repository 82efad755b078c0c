"""Images per second of the input pipeline alone; started by tools/bench/input, which says how."""

import argparse
import os
import statistics
import sys
import tempfile

import product
import training


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/input", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=100, help="batches of a round")
    parser.add_argument("--batch", type=int, default=64, help="images of a batch")
    parser.add_argument(
        "--at_least",
        type=float,
        default=3.0,
        metavar="RATIO",
        help="fail below this multiple of what a step consumes",
    )
    options, passed_on = parser.parse_known_args()
    flags = [
        "--resnet_depth=18",
        "--image_size=32",
        "--use_blur=False",
        "--color_jitter_strength=0.5",
        f"--train_batch_size={options.batch}",
        "--seed=1",
        *passed_on,
    ]
    supply, cpu = [], []
    with product.Worker(product.java("simclr.tools.bench.InputRate", *flags)) as java:
        java.ask("batches 20")
        for _ in range(options.rounds):
            answer = java.ask(f"batches {options.batches}")
            supply.append(answer["images"] * 1000 / answer["wall_ms"])
            cpu.append(answer["cpu_ms"] / answer["images"])
    step_flags = [
        flag for flag in flags if not flag.startswith(("--data_dir", "--dataset", "--train_split"))
    ]
    demand = []
    with tempfile.TemporaryDirectory(prefix="bench-input-") as scratch:
        batch_file = os.path.join(scratch, "batch.bin")
        product.write_batch(batch_file, *training.batch(training.Settings(batch=options.batch)))
        with product.Worker(product.fixed_batch(batch_file, 50000, step_flags)) as java:
            java.ask("step 3")
            for _ in range(options.rounds):
                demand.append(options.batch * 1000 / java.ask("step 3")["wall_ms"])
    ratio = statistics.median(supply) / statistics.median(demand)
    print(
        f"pipeline {statistics.median(supply):.0f} images/s ({min(supply):.0f} to {max(supply):.0f}),"
        f" {statistics.median(cpu):.2f} ms CPU per image of two views"
    )
    print(
        f"step     {statistics.median(demand):.0f} images/s ({min(demand):.0f} to {max(demand):.0f})"
    )
    print(f"ratio    {ratio:.1f}, expected at least {options.at_least}")
    return 0 if ratio >= options.at_least else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except product.Failed as failure:
        sys.exit(f"FAILED: {failure}")
