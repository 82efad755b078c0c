"""Runs the product: its command line, and its training graph on one fixed batch."""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COMMAND = os.path.join(ROOT, "tools", "simclr")


class Failed(Exception):
    """A check does not hold; the message says what was found and what was expected."""


def simclr(*arguments, status=0):
    """Runs tools/simclr and returns all it printed; any other exit status fails the check."""
    done = subprocess.run(
        [COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != status:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        raise Failed(
            f"simclr {arguments[0]} ended with status {done.returncode}, expected {status}:\n{tail}"
        )
    return done.stdout


def java(main_class, *arguments):
    """The command that runs a main class of tools/bench, which tools/simclr builds if need be."""
    subprocess.run([COMMAND, "--version"], check=True, stdout=subprocess.DEVNULL)
    tools = os.path.join(ROOT, "tools")
    with open(os.path.join(tools, "target", "classpath"), encoding="utf-8") as file:
        libraries = file.read().strip()
    path = os.pathsep.join([os.path.join(tools, "bench", "target", "classes"), libraries])
    options = ["-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"]
    options += os.environ.get("SIMCLR_JAVA_OPTS", "").split()
    return ["java", *options, "-cp", path, main_class, *arguments]


def fixed_batch(batch_file, examples, flags):
    """The command that trains on the batch in `batch_file`, driven by a `Worker`."""
    own = [f"--batch_file={batch_file}", f"--train_examples={examples}"]
    return java("simclr.tools.bench.FixedBatch", *own, *flags)


def write_batch(path, images, labels):
    """Images as little-endian float32, then labels as int64: what FixedBatch reads."""
    with open(path, "wb") as file:
        file.write(images.astype("<f4").tobytes())
        file.write(labels.astype("<i8").tobytes())


class Worker:
    """A process that obeys lines on its input and answers each with one line of JSON.

    Both sides of a comparison are such processes: bench/FixedBatch.java and bench/reference.py. The
    lines are `step N`, `restore PREFIX`, `save DIRECTORY`, `digests` and `quit`.
    """

    def __init__(self, command, log=None):
        self.name = os.path.basename(command[0])
        self.log = log
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log or sys.stderr,
            text=True,
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        for answer in self.process.stdout:
            if answer.startswith("{"):
                return json.loads(answer)
        raise Failed(
            f"{self.name} ended with status {self.process.wait()} at '{line}'{self._last_words()}"
        )

    def _last_words(self):
        if self.log is None:
            return ""
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return ":\n" + "".join(file.readlines()[-20:])

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if exception[0] is None:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            try:
                self.process.wait(timeout=60)
                return
            except subprocess.TimeoutExpired:
                # It has answered everything; a TensorFlow that cannot end is no reason to lose that.
                print(f"{self.name} does not end: killed", file=sys.stderr)
        self.process.kill()
        self.process.wait()


def steps_of(directory):
    """Steps of the checkpoints that lie in a model directory, oldest first."""
    found = (re.fullmatch(r"ckpt-(\d+)\.index", name) for name in os.listdir(directory))
    return sorted(int(match[1]) for match in found if match)
