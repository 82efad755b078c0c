"""Faults of the disk at every write; started by tools/bench/faults, which says how."""

import argparse
import collections
import os
import subprocess
import sys
import tempfile

import commands

SOURCE = os.path.join(commands.ROOT, "tools", "src", "test", "c", "faults.c")
COMMANDS = ("pretrain", "run", "export", "convert", "safetensors", "embed", "probe", "sweep")
ERRORS = ("ENOSPC", "EIO", "EROFS")


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/faults", description=__doc__)
    parser.add_argument("commands", nargs="*", metavar="command", help=f"of {', '.join(COMMANDS)}; all")
    parser.add_argument("--sample", type=int, default=0, help="faults a command, error and way; 0: every call")
    parser.add_argument("--errors", default=",".join(ERRORS), help="of those that are injected")
    parser.add_argument("--ways", default="once,from", help="one call fails, or all from it on")
    options = parser.parse_args()
    names = options.commands or COMMANDS
    if set(names) - set(COMMANDS):
        parser.error(f"expected commands of {', '.join(COMMANDS)}")
    subprocess.run([commands.COMMAND, "--version"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="bench-faults-") as directory:
        bench = commands.Bench(directory)
        library = os.path.join(bench.directory, "faults.so")
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True
        )
        bench.prepare(names)
        failed = 0
        for name in names:
            failed += Faults(bench, library, name, options).run()
    print("all as expected" if not failed else f"FAILED: {failed} faults")
    return 1 if failed else 0


class Faults:
    """The faults of one command, and what became of them."""

    def __init__(self, bench, library, name, options):
        self.bench, self.library, self.name, self.options = bench, library, name, options
        self.calls_file = os.path.join(bench.directory, "calls")
        self.statuses = collections.Counter()
        self.injected = collections.Counter()
        self.left = 0
        self.failed = 0

    def run(self):
        self.bench.clear()
        self._run({})
        wanted = self.bench.result()
        calls = self._calls()
        by_kind = collections.Counter(kind for kind, _, _ in calls)
        print(f"{self.name}: {len(calls)} calls: {_counts(by_kind)}", flush=True)
        for error in self.options.errors.split(","):
            for way in self.options.ways.split(","):
                for number in self._numbers(len(calls)):
                    self._one(wanted, error, way, number)
        print(
            f"{self.name}: {sum(self.statuses.values())} runs with faults: {_counts(self.injected)};"
            f" statuses {_counts(self.statuses)}; {self.left} left temporary files until the repeat;"
            f" {self.failed} failed",
            flush=True,
        )
        return self.failed

    def _numbers(self, calls):
        wanted = self.options.sample
        if not wanted or wanted >= calls:
            return range(1, calls + 1)
        if wanted == 1:
            return [calls]
        return sorted({1 + round(i * (calls - 1) / (wanted - 1)) for i in range(wanted)})

    def _one(self, wanted, error, way, number):
        self.bench.clear()
        fault = {"FAULTS_KIND": "any", "FAULTS_FROM": str(number), "FAULTS_ERRNO": error}
        if way == "once":
            fault["FAULTS_ONCE"] = "1"
        status, errors = self._run(fault)
        hit = [(kind, path) for kind, result, path in self._calls() if result != "ok"]
        if not hit:
            return  # Later than the last call, or a removal on a full disk.
        self.injected.update(f"{kind} {error}" for kind, _ in hit[:1])
        self.statuses[status] += 1
        odd = self._odd_end(status, errors)
        left = self.bench.leftovers()
        self.left += bool(left)
        if status == 0:
            found = self.bench.result()
            odd += commands.differing(wanted, {n: found[n] for n in found if n not in left})
        else:
            odd += self.bench.damaged(wanted)
        if status or left:
            repeat, errors = self.bench.run(self.name)
            # A command that succeeded and could not remove a file of its own: the next removes it.
            if repeat and not (status == 0 and "exists" in errors):
                odd.append(f"the repeat ended with status {repeat}: {errors[-300:]}")
            odd += [f"after the repeat: {words}" for words in commands.differing(wanted, self.bench.result())]
        if odd:
            self.failed += 1
            kind, path = hit[0]
            where = os.path.relpath(path, self.bench.output)
            print(f"  {error} {way}, call {number} ({kind} {where}): {'; '.join(odd[:4])}", flush=True)

    @staticmethod
    def _odd_end(status, errors):
        sentences = [line for line in errors.splitlines() if line.startswith("simclr: ")]
        odd = []
        if status not in (0, commands.CANNOT_WRITE):
            odd.append(f"status {status}, expected {commands.CANNOT_WRITE}: {errors[-600:]}")
        if status and len(sentences) != 1:
            odd.append(f"{len(sentences)} sentences, expected one: {errors[-300:]}")
        if "\tat " in errors:
            odd.append("a stack trace")
        return odd

    def _run(self, fault):
        with open(self.calls_file, "w", encoding="utf-8"):
            pass
        return self.bench.run(
            self.name,
            {
                "LD_PRELOAD": self.library,
                "FAULTS_BELOW": self.bench.output,
                "FAULTS_LOG": self.calls_file,
                **fault,
            },
        )

    def _calls(self):
        with open(self.calls_file, encoding="utf-8", errors="replace") as file:
            return [tuple(line.rstrip("\n").split(" ", 2)) for line in file]


def _counts(counter):
    return ", ".join(f"{key}: {count}" for key, count in sorted(counter.items(), key=str))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except commands.Failed as failure:
        sys.exit(f"FAILED: {failure}")
