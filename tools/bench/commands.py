"""Small runs of every command that writes, and whether their results are the same; for faults and kills."""

import json
import math
import os
import re
import shutil
import struct
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
COMMAND = os.path.join(ROOT, "tools", "simclr")
CANNOT_WRITE = 73
DATASET = "synthetic:train=16,test=8,size=16"
MODEL = [
    f"--dataset={DATASET}",
    "--eval_split=test",
    "--image_size=16",
    "--resnet_depth=18",
    "--use_blur=False",
    "--train_batch_size=8",
    "--eval_batch_size=8",
    "--warmup_epochs=0",
    "--seed=11",
]
TRAINING = [*MODEL, "--train_steps=4", "--checkpoint_steps=2"]
STUDY = ["evaluation = probe", "layers = h", *MODEL, "--train_steps=2", "[NT-Xent]", "--contrastive_loss=nt_xent"]

# Times of their own, and nothing that a result is read from.
UNCOMPARED = re.compile(r"(^|/)(events\.out\.tfevents\..*|\.lock)$")
# What is on its way to its name.
UNFINISHED = re.compile(
    r"(^|/)(\..+\.(tmp|lock)(\.former)?|[^/]+_temp|[^/]+\.part(ial)?|progress\.json|selection\.json)(/|$)"
)
TIMES = re.compile(r'"(\w*seconds\w*|started|finished|created|time|date)"')


class Failed(Exception):
    """Something does not hold; the message says what was found and what was expected."""


class Bench:
    """Commands with their inputs in one directory, each with the result of a run left alone."""

    def __init__(self, directory):
        self.directory = os.path.realpath(directory)
        self.inputs = os.path.join(self.directory, "inputs")
        self.output = os.path.join(self.directory, "out")
        self.log = os.path.join(self.directory, "log")
        os.makedirs(self.inputs)
        self._write_features()
        with open(os.path.join(self.inputs, "tiny.sweep"), "w", encoding="utf-8") as file:
            file.write("\n".join(STUDY) + "\n")

    def arguments(self, name):
        model = os.path.join(self.inputs, "run")
        export = os.path.join(self.inputs, "export")
        return {
            "pretrain": ["pretrain", *TRAINING, f"--model_dir={self.output}/run"],
            "run": ["run", "--mode=train_then_eval", *TRAINING, f"--model_dir={self.output}/run"],
            "export": ["export", f"--model_dir={model}", f"--output={self.output}/export", "--serving_config"],
            "convert": ["convert", f"--from={model}", "--to=tf1", f"--output={self.output}/converted"],
            "safetensors": ["convert", f"--from={model}", "--to=safetensors", f"--output={self.output}/converted"],
            "embed": ["embed", export, f"--dataset={DATASET}", "--split=test", f"--output={self.output}/rows.npy"],
            "probe": [
                "probe",
                "logreg",
                *(f"--{part}_{what}={self.inputs}/{part}-{what}.npy" for part in ("train", "test") for what in ("features", "labels")),
                "--l2_values=3",
                f"--output={self.output}/probe",
            ],
            "sweep": ["sweep", f"{self.inputs}/tiny.sweep", f"--output={self.output}/study"],
        }[name]

    def prepare(self, names):
        """Makes what the commands read: a trained model and its export."""
        if set(names) & {"export", "convert", "safetensors", "embed"}:
            self.whole("pretrain")
            shutil.move(f"{self.output}/run", f"{self.inputs}/run")
        if "embed" in names:
            self.whole("export")
            shutil.move(f"{self.output}/export", f"{self.inputs}/export")

    def whole(self, name):
        """Runs a command that must succeed in an empty directory; what it wrote."""
        self.clear()
        status, errors = self.run(name)
        if status:
            raise Failed(f"{name} ended with status {status} left alone: {errors[-500:]}")
        return self.result()

    def clear(self):
        shutil.rmtree(self.output, ignore_errors=True)
        os.makedirs(self.output)

    def start(self, name, environment=None):
        """The command in a process group of its own; its errors go to the log."""
        with open(self.log, "w", encoding="utf-8") as log:
            return subprocess.Popen(
                [COMMAND, *self.arguments(name)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )

    def run(self, name, environment=None):
        """Status and standard error."""
        status = self.start(name, environment).wait()
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return status, log.read()

    def result(self):
        """Every file that was written, by its path, without the times that stand in some."""
        return {
            name: _without_times(name, os.path.join(self.output, name))
            for name in self.names()
            if not UNCOMPARED.search(name)
        }

    def names(self):
        """Files, and directories that are empty."""
        found = []
        for directory, directories, files in os.walk(self.output):
            here = os.path.relpath(directory, self.output)
            found += [os.path.normpath(os.path.join(here, file)) for file in files]
            if not files and not directories and here != ".":
                found.append(here + "/")
        return sorted(found)

    def leftovers(self):
        return [name for name in self.names() if _is_unfinished(name)]

    def damaged(self, wanted):
        """What bears a name of the result and is not that, after a command that did not end well."""
        odd = []
        for name, content in self.result().items():
            if _is_unfinished(name) or name.endswith("/"):
                continue
            if os.path.basename(name) == "checkpoint":
                odd += self._missing_checkpoints(name)
            elif name not in wanted:
                odd.append(f"{name} is of no result")
            elif content != wanted[name]:
                odd.append(f"{name} differs")
        return odd + self._incomplete(wanted)

    def _missing_checkpoints(self, state):
        directory = os.path.dirname(os.path.join(self.output, state))
        with open(os.path.join(self.output, state), encoding="utf-8") as file:
            named = set(re.findall(r'"(ckpt-\d+)"', file.read()))
        ends = (".index", ".data-00000-of-00001")
        return [
            f"{state} names {name}, which has no {end}"
            for name in sorted(named)
            for end in ends
            if not os.path.exists(os.path.join(directory, name + end))
        ]

    def _incomplete(self, wanted):
        """Directories that appear whole or not at all."""
        whole = re.compile(r"^(export/\d+|run/saved_model/\d+|converted)/")
        expected = {}
        for name in wanted:
            match = whole.match(name)
            if match:
                expected.setdefault(match[0], set()).add(name)
        return [
            f"{directory} lacks {sorted(names - set(self.names()))[0]}"
            for directory, names in expected.items()
            if os.path.exists(os.path.join(self.output, directory)) and not names <= set(self.names())
        ]

    def _write_features(self):
        for part, examples in (("train", 60), ("test", 30)):
            rows = [[math.sin(i * 7 + j * 3) + (i % 3 == j) for j in range(4)] for i in range(examples)]
            values = struct.pack(f"<{4 * examples}f", *(v for row in rows for v in row))
            labels = struct.pack(f"<{examples}q", *(i % 3 for i in range(examples)))
            for what, dtype, shape, data in (
                ("features", "<f4", f"({examples}, 4)", values),
                ("labels", "<i8", f"({examples},)", labels),
            ):
                header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
                header += " " * (-(len(header) + 11) % 64) + "\n"
                with open(os.path.join(self.inputs, f"{part}-{what}.npy"), "wb") as file:
                    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def differing(wanted, found):
    """What is not the same in two results."""
    return [
        f"{name} {'is missing' if name not in found else 'is new' if name not in wanted else 'differs'}"
        for name in sorted(set(wanted) | set(found))
        if wanted.get(name) != found.get(name)
    ]


def _is_unfinished(name):
    return UNFINISHED.search(name) and os.path.basename(name) != ".lock"


def _without_times(name, path):
    if name.endswith("/"):
        return b""
    with open(path, "rb") as file:
        content = file.read()
    if os.path.basename(name) == "checkpoint":
        return re.sub(rb"timestamps?: .*|last_preserved_timestamp: .*", b"", content)
    if name.endswith(".json"):
        return json.dumps(_timeless(json.loads(content)), sort_keys=True).encode()
    return content


def _timeless(tree):
    if isinstance(tree, dict):
        return {key: _timeless(value) for key, value in tree.items() if not TIMES.fullmatch(f'"{key}"')}
    if isinstance(tree, list):
        return [_timeless(value) for value in tree]
    return tree
