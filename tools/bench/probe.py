"""Time and memory of probes on large features; started by tools/bench/probe, which says how."""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

import product

CLASSES = 10
CHUNK = 5000
MOST_KIB = 2 << 20
LEAST_TOP_1 = 0.7


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/probe", description=__doc__)
    parser.add_argument("--examples", type=int, default=50000, help="to learn from")
    parser.add_argument("--queries", type=int, default=10000, help="to be tested on")
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument(
        "--correlated",
        action="store_true",
        help="mix the features, so that their variances along axes fall as 1/k^2",
    )
    parser.add_argument("--only", choices=("logreg", "knn"), help="one of the two")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-probe-") as scratch:
        flags = features(scratch, options)
        subprocess.run([product.COMMAND, "--version"], check=True, stdout=subprocess.DEVNULL)
        held = []
        if options.only != "knn":
            held.append(measure("logreg", flags, []))
        if options.only != "logreg":
            held.append(measure("knn", flags, ["--k=20"]))
    return 0 if all(held) else 1


def features(scratch, options):
    """Writes separable clouds behind a ReLU, chunk by chunk, and returns the flags that name them."""
    random = np.random.default_rng(0)
    means = random.normal(size=(CLASSES, options.width)).astype(np.float32) * 0.12
    mixing = spectrum(random, options.width) if options.correlated else None
    flags = []
    for split, rows in (("train", options.examples), ("test", options.queries)):
        labels = random.integers(0, CLASSES, rows)
        path = os.path.join(scratch, f"{split}.npy")
        file = np.lib.format.open_memmap(path, "w+", np.float32, (rows, options.width))
        for first in range(0, rows, CHUNK):
            part = labels[first : first + CHUNK]
            noise = random.standard_normal((len(part), options.width), dtype=np.float32)
            if mixing is not None:
                noise = noise @ mixing
            file[first : first + CHUNK] = np.maximum(0, noise + means[part])
        file.flush()
        named = os.path.join(scratch, f"{split}.labels.npy")
        np.save(named, labels)
        flags += [f"--{split}_features={path}", f"--{split}_labels={named}"]
    return flags


def spectrum(random, width):
    """A matrix whose singular values fall as 1/k, of mean square 1."""
    turn, _ = np.linalg.qr(random.standard_normal((width, width)).astype(np.float32))
    values = 1 / np.arange(1, width + 1)
    values *= np.sqrt(width / (values**2).sum())
    return (values[:, None] * turn).astype(np.float32)


def measure(protocol, flags, more):
    start = time.monotonic()
    done = subprocess.run(
        [product.COMMAND, "probe", protocol, *flags, *more, "--json"],
        check=True,
        stdout=subprocess.PIPE,
    )
    seconds = time.monotonic() - start
    # The largest of all children so far; the next one can only hide behind it.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    result = json.loads(done.stdout)
    steps = sum(row["iterations"] for row in result.get("sweep", []))
    print(
        f"{protocol:8} {seconds:6.1f} s, peak {peak / 1024:6.0f} MiB, top-1 {result['top_1']:.4f}"
        + (f", l2 {result['l2']:.3g}, {steps} steps" if steps else ""),
        flush=True,
    )
    return peak <= MOST_KIB and result["top_1"] >= LEAST_TOP_1


if __name__ == "__main__":
    sys.exit(main())
