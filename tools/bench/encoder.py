"""Resident memory of an Encoder; started by tools/bench/encoder, which says how."""

import argparse
import sys
import tempfile

import numpy as np

import exports
import product

POINTS = 20


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/encoder", description=__doc__)
    parser.add_argument("--export", metavar="DIR", help="default: one of untrained weights is made")
    parser.add_argument("--loads", type=int, default=1000)
    parser.add_argument("--predictions", type=int, default=10000)
    parser.add_argument(
        "--predictions_before",
        type=int,
        default=20000,
        help="not judged: Java compiles what has run ten thousand times, which takes some 20 MiB once",
    )
    parser.add_argument(
        "--warm_up", type=float, default=0.3, help="share of the points that is not judged"
    )
    parser.add_argument(
        "--growth", type=float, default=0.03, help="tolerated growth over the rest, as a share"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-encoder-") as scratch:
        export = options.export or exports.untrained(scratch)
        images = exports.images(scratch, 24)
        flags = [f"--export={export}", f"--images={images}"]
        with product.Worker(product.java("simclr.tools.bench.EncoderSoak", *flags)) as java:
            flat = [judge("loads", watch(java, "loads", options.loads), options.loads, options)]
            before = java.ask(f"predictions {options.predictions_before}")
            print(f"{options.predictions_before:6d} before: {before['resident_mib']:6.1f} MiB")
            series = watch(java, "predictions", options.predictions)
            flat.append(judge("predictions", series, options.predictions, options))
    return 0 if all(flat) else 1


def watch(java, what, total):
    """Resident MiB at so many points."""
    series = []
    for point in range(POINTS):
        answer = java.ask(f"{what} {total // POINTS}")
        series.append(answer["resident_mib"])
        print(
            f"{(point + 1) * (total // POINTS):6d} {what}: {series[-1]:6.1f} MiB,"
            f" {answer['wall_ms']:.1f} ms each",
            flush=True,
        )
    return series


def judge(what, series, total, options):
    """A line through the points after warm-up: its rise over them must be small."""
    judged = np.array(series[int(options.warm_up * POINTS) :])
    slope, _ = np.polyfit(np.arange(len(judged)), judged, 1)
    rise = slope * (len(judged) - 1)
    share = rise / np.median(judged)
    flat = share <= options.growth
    print(
        f"{'flat' if flat else 'FAILED: grows'}: {rise:+.1f} MiB ({share:+.2%}) over the last"
        f" {len(judged) * (total // POINTS)} {what}, tolerated {options.growth:.1%}",
        flush=True,
    )
    return flat


if __name__ == "__main__":
    try:
        sys.exit(main())
    except product.Failed as failure:
        sys.exit(f"FAILED: {failure}")
