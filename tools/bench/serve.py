"""Throughput of the server beside the bare session; started by tools/bench/serve, which says how."""

import argparse
import os
import statistics
import sys
import tempfile

import exports
import product


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/serve", description=__doc__)
    parser.add_argument("--export", metavar="DIR", help="default: one of untrained weights is made")
    parser.add_argument("--batch", type=int, default=32, help="largest batch of the server")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, default=15, help="batches of a round")
    parser.add_argument(
        "--at_least", type=float, default=0.8, metavar="RATIO", help="fail below this share"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as scratch:
        export = options.export or exports.untrained(scratch)
        image = os.path.join(exports.images(scratch, 1), "0.jpg")
        holds = [
            compare(options, export, signature, image)
            for signature in ("serving_default", "image_bytes")
        ]
    return 0 if all(holds) else 1


def compare(options, export, signature, image):
    flags = [
        f"--export={export}",
        f"--signature={signature}",
        f"--image={image}",
        f"--batch={options.batch}",
        f"--clients={options.clients}",
    ]
    requests = options.batches * options.batch
    bare, served = [], []
    with product.Worker(product.java("simclr.tools.bench.ServeRate", *flags)) as java:
        java.ask(f"bare {options.batches}")
        java.ask(f"served {requests}")
        for _ in range(options.rounds):
            bare.append(java.ask(f"bare {options.batches}"))
            served.append(java.ask(f"served {requests}"))
    ratios = [
        s["images_per_second"] / b["images_per_second"] for b, s in zip(bare, served, strict=True)
    ]
    ratio = statistics.median(ratios)
    print(
        f"{signature}: bare session {median(bare, 'images_per_second'):.0f} images/s in batches of"
        f" {options.batch}, served {median(served, 'images_per_second'):.0f} images/s to"
        f" {options.clients} clients"
    )
    print(
        f"  latency p50 {median(served, 'p50_ms'):.0f} ms, p99 {median(served, 'p99_ms'):.0f} ms"
        f" (a bare batch {median(bare, 'batch_ms'):.0f} ms)"
    )
    print(
        f"  ratio {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), expected at least"
        f" {options.at_least}",
        flush=True,
    )
    return ratio >= options.at_least


def median(answers, key):
    return statistics.median(answer[key] for answer in answers)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except product.Failed as failure:
        sys.exit(f"FAILED: {failure}")
