"""Kills every command at random moments; started by tools/bench/kills, which says how."""

import argparse
import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import commands

COMMANDS = ("run", "export", "convert", "embed", "probe", "sweep")


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/kills", description=__doc__)
    parser.add_argument("commands", nargs="*", metavar="command", help=f"of {', '.join(COMMANDS)}; all")
    parser.add_argument("--kills", type=int, default=60, help="in all, by turns over the commands")
    parser.add_argument("--at_a_write", type=float, default=0.5, help="share of moments just after a file changed")
    parser.add_argument("--moments_seed", type=int, default=0, help="of the random moments; 0: the clock")
    options = parser.parse_args()
    names = options.commands or COMMANDS
    if set(names) - set(COMMANDS):
        parser.error(f"expected commands of {', '.join(COMMANDS)}")
    seed = options.moments_seed or time.time_ns() % 10**9
    print(f"moments are drawn with --moments_seed={seed}", flush=True)
    subprocess.run([commands.COMMAND, "--version"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="bench-kills-") as directory:
        bench = commands.Bench(directory)
        bench.prepare(names)
        kills = Kills(bench, options, random.Random(seed))
        for i, name in enumerate(names):
            kills.of(name, (options.kills + i) // len(names))
    print(
        f"{sum(kills.done.values())} kills ({', '.join(f'{n} {c}' for n, c in kills.done.items())}), "
        f"{kills.unfinished} of them with unfinished files: ",
        end="",
    )
    print("all ended as the commands that were left alone" if not kills.odd else f"FAILED: {kills.odd}")
    return 1 if kills.odd else 0


class Kills:
    """Commands that are killed and repeated until enough kills are done."""

    def __init__(self, bench, options, draw):
        self.bench, self.options, self.draw = bench, options, draw
        self.done = collections.Counter()
        self.unfinished = 0
        self.odd = []

    def of(self, name, kills):
        started = time.monotonic()
        wanted = self.bench.whole(name)
        seconds = time.monotonic() - started
        while self.done[name] < kills:
            self.bench.clear()
            in_a_row = min(self.draw.choice([1, 1, 2, 3]), kills - self.done[name])
            moments = [self._killed(name, seconds, wanted) for _ in range(in_a_row)]
            status, errors = self.bench.run(name)
            # Who was killed just after the end, or was too late, finds the result there.
            there = name in ("export", "convert") and "exists already" in errors
            odd = [] if status == 0 or there else [f"the repeat ended with status {status}: {errors[-400:]}"]
            odd += [f"after the repeat: {words}" for words in commands.differing(wanted, self.bench.result())]
            self._note(name, ", ".join(moments), odd)

    def _killed(self, name, seconds, wanted):
        process = self.bench.start(name)
        moment = self._after_a_write(process) if self.draw.random() < self.options.at_a_write else self._anywhere(process, seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            return f"{moment} (it had ended)"
        self.done[name] += 1
        self.unfinished += bool(self.bench.leftovers())
        self._note(name, moment, self.bench.damaged(wanted))
        return moment

    def _note(self, name, moment, odd):
        if odd:
            self.odd.append(f"{name} {moment}: {odd[:3]}")
            print(f"  {name}, killed {moment}: {'; '.join(odd[:3])}", flush=True)
        else:
            print(f"  {name} {moment}", flush=True)

    def _anywhere(self, process, seconds):
        wait = self.draw.uniform(0, seconds)
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            pass
        return f"after {wait:.2f} s"

    def _after_a_write(self, process):
        """Waits until files have come or gone a few times, then up to 50 ms more."""
        changes = self.draw.randrange(1, 12)
        more = self.draw.choice([0.0, self.draw.uniform(0, 0.01), self.draw.uniform(0, 0.05)])
        before = self.bench.names()
        last = "the start"
        while process.poll() is None and changes:
            now = self.bench.names()
            if now != before:
                changes -= 1
                last = next(iter(sorted(set(now) ^ set(before))))
                before = now
            time.sleep(0.0005)
        time.sleep(more)
        return f"{more * 1000:.0f} ms after {last}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except commands.Failed as failure:
        sys.exit(f"FAILED: {failure}")
