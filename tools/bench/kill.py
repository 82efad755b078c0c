"""Kills runs and resumes them; started by tools/bench/kill, which says how."""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import objects
import product


def main():
    parser = argparse.ArgumentParser(prog="tools/bench/kill", description=__doc__)
    parser.add_argument(
        "--kills", type=int, default=10, help="kills in all, spread over as many runs as it takes"
    )
    parser.add_argument(
        "--during_save", type=int, default=4, help="how many of them while a checkpoint is written"
    )
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--checkpoint_steps", type=int, default=3)
    parser.add_argument(
        "--moments_seed", type=int, default=0, help="of the random moments; 0: the clock"
    )
    options, passed_on = parser.parse_known_args()
    seed = options.moments_seed or time.time_ns() % 10**9
    print(f"moments are drawn with --moments_seed={seed}")
    flags = [
        "--dataset=synthetic",
        "--train_split=train[:64]",
        "--eval_split=test",
        "--resnet_depth=18",
        "--image_size=32",
        "--use_blur=False",
        "--train_batch_size=8",
        f"--train_steps={options.steps}",
        f"--checkpoint_steps={options.checkpoint_steps}",
        "--warmup_epochs=0",
        "--seed=11",
        *passed_on,
    ]
    subprocess.run([product.COMMAND, "--version"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="bench-kill-") as directory:
        alone = os.path.join(directory, "alone")
        started = time.monotonic()
        product.simclr("pretrain", *flags, f"--model_dir={alone}")
        whole = time.monotonic() - started
        wanted = objects.values(os.path.join(alone, f"ckpt-{options.steps}"))
        print(f"left alone: {whole:.0f} s, {len(wanted)} tensors")
        torment = Torment(flags, directory, options, whole, random.Random(seed))
        unequal = torment.run(wanted)
    print(
        f"{torment.kills} kills ({torment.saves_hit} while saving) in {torment.runs} runs: ", end=""
    )
    print(
        "all ended bit for bit as the run that was left alone"
        if not unequal
        else f"FAILED: {unequal}"
    )
    return 1 if unequal else 0


class Torment:
    """Runs that are killed and resumed until enough kills are done."""

    def __init__(self, flags, directory, options, whole, draw):
        self.flags, self.directory, self.options = flags, directory, options
        self.whole, self.draw = whole, draw
        self.kills = self.saves_hit = self.runs = 0

    def run(self, wanted):
        unequal = []
        while self.kills < self.options.kills:
            self.runs += 1
            model_dir = os.path.join(self.directory, f"run-{self.runs}")
            while not self._once(model_dir):
                pass
            found = objects.values(os.path.join(model_dir, f"ckpt-{self.options.steps}"))
            odd = objects.differing(wanted, found)
            print(
                f"run {self.runs}: {'equal' if not odd else f'{len(odd)} tensors differ'}",
                flush=True,
            )
            unequal += (
                [f"run {self.runs}: {len(odd)} tensors differ, first {odd[:3]}"] if odd else []
            )
        return unequal

    def _once(self, model_dir):
        """Starts the command; true if it ran to its end, false if it was killed."""
        log_file = os.path.join(self.directory, "log")
        with open(log_file, "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [product.COMMAND, "pretrain", *self.flags, f"--model_dir={model_dir}"],
                stdout=log,
                stderr=log,
            )
        if self.kills < self.options.kills:
            moment = (
                self._in_a_save(process, model_dir)
                if self._aim_at_save()
                else self._anywhere(process)
            )
            if moment and process.poll() is None:
                process.send_signal(signal.SIGKILL)
        status = process.wait()
        if status == -signal.SIGKILL:
            self.kills += 1
            torn = unfinished(model_dir)
            self.saves_hit += bool(torn)
            where = f"while saving: {', '.join(torn)}" if torn else "between saves"
            print(f"kill {self.kills:2} {moment}, {where}", flush=True)
            return False
        if status:
            tail = "".join(open(log_file, encoding="utf-8").readlines()[-20:])
            raise product.Failed(f"the resumed run ended with status {status}:\n{tail}")
        return True

    def _aim_at_save(self):
        missing = self.options.during_save - self.saves_hit
        left = self.options.kills - self.kills
        return missing > 0 and (missing >= left or self.draw.random() < 0.6)

    def _anywhere(self, process):
        """Waits a random part of a whole run; start-up counts, a resumed run may end before."""
        seconds = self.draw.uniform(0.5, 0.8 * self.whole)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        return f"after {seconds:5.2f} s"

    def _in_a_save(self, process, model_dir):
        """Waits for files of a checkpoint that was not there, then up to 0.2 s more."""
        before = set(os.listdir(model_dir)) if os.path.isdir(model_dir) else set()
        skip = self.draw.randrange(3)
        seen = set()
        while process.poll() is None:
            new = {
                n
                for n in listing(model_dir) - before
                if n.startswith("ckpt-") and not n.endswith(".index")
            }
            seen |= {n.split(".")[0].split("_")[0] for n in new}
            if len(seen) > skip:
                more = self.draw.choice(
                    [0.0, 0.0, self.draw.uniform(0, 0.05), self.draw.uniform(0, 0.2)]
                )
                time.sleep(more)
                return f"{more * 1000:3.0f} ms after {sorted(new)[-1]}"
            time.sleep(0.001)
        return ""


def unfinished(model_dir):
    """What a save that was cut off leaves: files that the state file does not name (yet)."""
    try:
        with open(os.path.join(model_dir, "checkpoint"), encoding="utf-8") as file:
            named = set(re.findall(r'"(ckpt-\d+)"', file.read()))
    except FileNotFoundError:
        named = set()
    whole = {f"{name}{end}" for name in named for end in (".index", ".data-00000-of-00001")}
    return sorted(
        name
        for name in listing(model_dir) - whole - {"checkpoint"}
        if "ckpt" in name or "checkpoint" in name
    )


def listing(directory):
    try:
        return set(os.listdir(directory))
    except FileNotFoundError:
        return set()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except product.Failed as failure:
        sys.exit(f"FAILED: {failure}")
