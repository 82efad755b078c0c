"""Memory of training, loading and serving; started by tools/bench/soak, which says how."""

import argparse
import os
import sys
import tempfile
import time

import encoder
import exports
import memory
import product


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/soak", description=__doc__)
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the steps, loads and requests below"
    )
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=8, help="images of a training step")
    parser.add_argument("--loads", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--warm_up", type=float, default=0.3, help="share that is not judged")
    parser.add_argument(
        "--growth", type=float, default=0.03, help="tolerated growth over the rest, as a share"
    )
    options, passed_on = parser.parse_known_args()
    if passed_on:
        parser.error(f"{passed_on[0]} is not a flag")
    table = []
    with tempfile.TemporaryDirectory(prefix="bench-soak-") as scratch:
        export = exports.untrained(scratch)
        images = exports.images(scratch, 24)
        for part, total in (
            ("training steps", options.steps),
            ("loads", options.loads),
            ("requests", options.requests),
        ):
            count = max(encoder.POINTS, round(options.share * total))
            started = time.monotonic()
            flat = PARTS[part](count, export, images, options)
            table.append((part, count, time.monotonic() - started, flat))
    print(f"{'part':<16} {'count':>9} {'seconds':>8}  memory")
    for part, count, seconds, flat in table:
        print(f"{part:<16} {count:9d} {seconds:8.0f}  {'flat' if flat else 'GROWS'}")
    return 0 if all(row[-1] for row in table) else 1


def training(steps, _export, _images, options):
    options.steps = steps
    return memory.judge(memory.train(options, []), options) == 0


def loads(count, export, images, options):
    flags = [f"--export={export}", f"--images={images}"]
    with product.Worker(product.java("simclr.tools.bench.EncoderSoak", *flags)) as java:
        return encoder.judge("loads", encoder.watch(java, "loads", count), count, options)


def requests(count, export, images, options):
    flags = [
        f"--export={export}",
        "--signature=image_bytes",
        f"--image={os.path.join(images, '0.jpg')}",
        "--batch=32",
        f"--clients={options.clients}",
    ]
    with product.Worker(product.java("simclr.tools.bench.ServeRate", *flags)) as java:
        series = []
        for point in range(encoder.POINTS):
            answer = java.ask(f"mixed {count // encoder.POINTS}")
            series.append(answer["resident_mib"])
            print(
                f"{(point + 1) * (count // encoder.POINTS):7d} requests: {series[-1]:6.1f} MiB,"
                f" p50 {answer['p50_ms']:.1f} ms, p99 {answer['p99_ms']:.1f} ms",
                flush=True,
            )
        return encoder.judge("requests", series, count, options)


PARTS = {"training steps": training, "loads": loads, "requests": requests}

if __name__ == "__main__":
    try:
        sys.exit(main())
    except product.Failed as failure:
        sys.exit(f"FAILED: {failure}")
