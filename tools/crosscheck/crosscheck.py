"""Checks between the product and Python TensorFlow; started by tools/crosscheck/run."""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback

import numpy as np
import tensorflow as tf

import converting
import exporting
import golden
import objects
import probes
import product
import serving
import training
from product import Failed

TESTDATA = os.path.join(product.ROOT, "testdata")
CHECKS = {}


def check(name):
    """Registers a check: a function of a scratch directory that returns its finding or raises."""

    def register(function):
        CHECKS[name] = function
        return function

    return register


def hold(condition, message):
    if not condition:
        raise Failed(message)


@check("golden-steps")
def golden_steps(scratch):
    """The Python side of the other checks makes the reference's own steps."""
    file = golden.load(os.path.join(training.GOLDEN, "step-r18-cifar-lars.json"))
    flags = file["flags"]
    own = training.Training(
        training.Settings(
            base_rate=flags["learning_rate"],
            warmup_epochs=flags["warmup_epochs"],
            batch=flags["train_batch_size"],
            examples=file["num_examples"],
            epochs=flags["train_epochs"],
            temperature=flags["temperature"],
            weight_decay=flags["weight_decay"],
        )
    )
    for key, _, shape, _, scale, offset in file["variables"]:
        own.model.variables[key].assign(golden.filled(key, shape, scale, offset))
    for number, step in enumerate(file["steps"]):
        images = golden.images(step["images"])
        got = own.step(images, golden.labels(step["labels"], len(images), file["num_classes"]))
        for name, value in zip(("contrast_loss", "supervised_loss", "total_loss"), got):
            want, tolerance = step["scalars"][name]
            hold(
                abs(value - want) <= tolerance, f"step {number}: {name} is {value}, expected {want}"
            )
    weights = own.weights()
    for index, _, _, *rest in file["steps"][-1]["variables_after"]:
        key, wanted, tolerance = file["variables"][index][0], np.array(rest[:-3]), rest[-1]
        worst = np.abs(golden.sampled(weights[key], len(wanted)) - wanted).max()
        hold(worst <= tolerance, f"{key} is off by {worst}, expected at most {tolerance}")
    return f"{len(file['steps'])} steps and {len(weights)} variables within tolerance"


@check("lars-restores")
def lars_restores(scratch):
    """A model_dir that the command line wrote restores, with every assertion."""
    model_dir = trained_run(scratch)
    own = training.Training(run_settings())
    manager = own.manager(model_dir)
    listed = [os.path.basename(path) for path in manager.checkpoints]
    hold(listed == ["ckpt-2", "ckpt-4"], f"the manager lists {listed}, expected ckpt-2 and ckpt-4")
    own.restore(manager.latest_checkpoint)
    step, saves = int(own.optimizer.iterations), int(own.checkpoint.save_counter)
    hold((step, saves) == (4, 2), f"step and save_counter are {step} and {saves}, expected 4 and 2")
    same_layout(own, manager.latest_checkpoint, scratch)
    stored = objects.stored_names(manager.latest_checkpoint)
    for key, variable in own.model.variables.items():
        name = variable.name.removesuffix(":0")
        hold(stored[key] == name, f"{key} is stored under the name {stored[key]}, expected {name}")
    still = [
        v.name
        for v in own.model.trainable
        if not own.optimizer.get_slot(v, "Momentum").numpy().any()
    ]
    hold(not still, f"momentum is all zero after 4 steps for {still[:3]}")
    return f"{len(own.model.variables)} variables, {len(own.model.trainable)} slots, step 4"


@check("lars-goes-on")
def lars_goes_on(scratch):
    """Python resumes from Java's checkpoint as Java itself does."""
    return goes_on(scratch, training.Settings())


@check("momentum-goes-on")
def momentum_goes_on(scratch):
    return goes_on(scratch, training.Settings(optimizer="momentum", base_rate=0.003))


@check("adam-goes-on")
def adam_goes_on(scratch):
    return goes_on(scratch, training.Settings(optimizer="adam", base_rate=1e-4))


@check("python-to-java")
def python_to_java(scratch):
    """Python goes on in Java's model_dir and saves; the next run of the product resumes from that."""
    model_dir = trained_run(scratch)
    settings = run_settings()
    images, labels = training.batch(settings)
    own = training.Training(settings)
    manager = own.manager(model_dir)
    own.restore(manager.latest_checkpoint)
    own.step(images, labels)
    own.step(images, labels)
    python_prefix = manager.save(checkpoint_number=own.optimizer.iterations)
    listed = [os.path.basename(path) for path in manager.checkpoints]
    hold(
        listed == ["ckpt-2", "ckpt-4", "ckpt-6"],
        f"the manager lists {listed}, expected Java's two and ckpt-6",
    )

    written_again = os.path.join(scratch, "written-again")
    with fixed_batch(scratch, settings) as java:
        java.ask(f"restore {python_prefix}")
        java.ask(f"save {written_again}")
    before = objects.values(python_prefix)
    after = objects.values(tf.train.latest_checkpoint(written_again))
    for state in (before, after):
        # How often this directory was saved to, not a state of the training.
        state.pop("save_counter")
    unequal = objects.differing(before, after)
    hold(
        not unequal,
        f"Java changed {len(unequal)} tensors by reading and writing, first {unequal[:3]}",
    )

    product.simclr("run", *run_flags(scratch, model_dir), "--train_steps=8")
    steps = product.steps_of(model_dir)
    hold(
        steps == [2, 4, 6, 8], f"checkpoints are {steps} after the resumed run, expected 2, 4, 6, 8"
    )
    python_again = training.Training(settings)
    again = python_again.manager(model_dir)
    python_again.restore(again.latest_checkpoint)
    counter = int(python_again.checkpoint.save_counter)
    hold(counter == 4, f"save_counter is {counter} after four saves by turns")
    hold(len(again.checkpoints) == 4, f"the manager lists {again.checkpoints}, expected four")
    return f"{len(before)} tensors bit for bit, steps 4 (Java), 6 (Python), 8 (Java)"


@check("reference-archive")
def reference_archive(scratch):
    """The reference's own checkpoint passes through Java unchanged, and restores again."""
    shutil.unpack_archive(os.path.join(TESTDATA, "reference", "tf2-model_dir.tar.xz"), scratch)
    source = tf.train.latest_checkpoint(os.path.join(scratch, "model_dir"))
    target = os.path.join(scratch, "through-java")
    with fixed_batch(scratch, training.Settings()) as java:
        java.ask(f"restore {source}")
        java.ask(f"save {target}")
    own = training.Training(training.Settings())
    written = own.manager(target).latest_checkpoint
    own.restore(written)
    before, after = objects.values(source), objects.values(written)
    before.pop("save_counter"), after.pop("save_counter")
    unequal = objects.differing(before, after)
    hold(not unequal, f"{len(unequal)} tensors changed, first {unequal[:3]}")
    return f"{len(before)} tensors bit for bit"


@check("events")
def events(scratch):
    """TensorBoard reads the summaries: the reference's tags, plugins and steps."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    model_dir = trained_run(scratch)
    accumulator = EventAccumulator(model_dir, size_guidance={"tensors": 0, "images": 0})
    accumulator.Reload()
    tags = set(accumulator.Tags()["tensors"])
    training_scalars = {
        "train/weight_decay",
        "train/total_loss",
        "train/contrast_loss",
        "train/contrast_acc",
        "train/contrast_entropy",
        "train/supervised_loss",
        "train/supervised_acc",
        "learning_rate",
    }
    evaluation = {
        "eval/regularization_loss",
        "eval/label_top_1_accuracy",
        "eval/label_top_5_accuracy",
    }
    wanted = training_scalars | evaluation | {"image"}
    hold(
        tags == wanted,
        f"tags missing {sorted(wanted - tags)}, beyond the reference's {sorted(tags - wanted)}",
    )
    for tag in sorted(tags):
        plugin = accumulator.SummaryMetadata(tag).plugin_data.plugin_name
        hold(
            plugin == ("images" if tag == "image" else "scalars"),
            f"{tag} belongs to plugin {plugin}",
        )
        steps = [event.step for event in accumulator.Tensors(tag)]
        hold(steps == ([4] if tag in evaluation else [2, 4]), f"{tag} stands at steps {steps}")
        for event in accumulator.Tensors(tag):
            value = tf.make_ndarray(event.tensor_proto)
            if tag == "image":
                picture = tf.io.decode_png(value[2]).shape
                hold(picture == (32, 32, 3), f"the image summary has shape {picture}")
                hold(
                    (value[0], value[1]) == (b"32", b"32"),
                    f"the image says {value[0]} by {value[1]}",
                )
            else:
                hold(
                    value.shape == () and np.isfinite(value),
                    f"{tag} is {value}, expected a finite number",
                )
    return f"{len(tags)} tags at steps 2 and 4"


@check("results")
def results(scratch):
    """result.json and flags.json say what a reader of the reference's files expects."""
    model_dir = trained_run(scratch)
    result = golden.load(os.path.join(model_dir, "result.json"))
    numbered = golden.load(os.path.join(model_dir, "result_4.json"))
    wanted = [
        "eval/regularization_loss",
        "eval/label_top_1_accuracy",
        "eval/label_top_5_accuracy",
        "global_step",
    ]
    hold(list(result) == wanted, f"result.json has {list(result)}, expected {wanted}")
    hold(result == numbered, "result.json and result_4.json differ")
    hold(result["global_step"] == 4.0, f"global_step is {result['global_step']}, expected 4.0")
    hold(
        all(isinstance(value, float) for value in result.values()),
        f"{result} holds other than floats",
    )
    flags = golden.load(os.path.join(model_dir, "flags.json"))
    given = {
        "resnet_depth": 18,
        "warmup_epochs": 0.0,
        "use_blur": False,
        "optimizer": "lars",
        "train_steps": 4,
    }
    for name, value in given.items():
        hold(
            flags.get(name) == value and type(flags[name]) is type(value),
            f"flags.json has {name} {flags.get(name)!r}, expected {value!r}",
        )
    hold(flags["seed"] == 7, f"flags.json has seed {flags['seed']!r}, expected 7")
    return f"step 4 evaluated, {len(flags)} flags"


def goes_on(scratch, settings):
    """Two steps in Java, saved; two more on each side from there, on the same batch."""
    images, labels = training.batch(settings)
    first, second = os.path.join(scratch, "first"), os.path.join(scratch, "second")
    with fixed_batch(scratch, settings) as java:
        java.ask("step 2")
        java.ask(f"save {first}")
        digests = java.ask("digests")
        java_losses = [java.ask("step 1") for _ in range(2)]
        java.ask(f"save {second}")
    own = training.Training(settings)
    start = own.manager(first).latest_checkpoint
    own.restore(start)
    same_layout(own, start, scratch)
    before = own.weights()
    for key, value in before.items():
        norm, said = float(np.linalg.norm(value.astype(np.float64))), digests[key]
        hold(abs(norm - said) <= 1e-6 * norm, f"{key}: Java says length {said}, restored is {norm}")

    worst_loss = 0.0
    for number, java_loss in enumerate(java_losses):
        contrastive, probe, total = own.step(images, labels)
        for name, value in (
            ("contrast_loss", contrastive),
            ("supervised_loss", probe),
            ("total_loss", total),
        ):
            there = java_loss[f"train/{name}"]
            worst_loss = max(worst_loss, abs(value - there) / abs(there))
            hold(
                abs(value - there) <= 1e-3 * abs(there),
                f"step {number + 3}: {name} is {value} in Python, {there} in Java",
            )
    after = objects.values(tf.train.latest_checkpoint(second))
    hold(
        int(after["global_step"]) == int(own.optimizer.iterations) == 4, "the step counters differ"
    )
    return f"two more steps: losses {worst_loss:.1e} apart, {near(before, own.weights(), after)}"


def near(before, left, right):
    """Holds if two sides moved alike; rounding that flips a unit shows in single small variables."""
    whole, (worst, where) = objects.moved_apart(before, left, right)
    hold(whole <= 1e-3, f"the weights moved {whole:.1e} apart, expected at most 1e-3")
    hold(worst <= 3e-2, f"{where} moved {worst:.1e} apart, expected at most 3e-2")
    return f"movement {whole:.1e}, worst variable {worst:.1e}"


def same_layout(own, prefix, scratch):
    """Java's checkpoint has exactly the tensors that Python writes for the same objects."""
    mine = own.checkpoint.write(os.path.join(scratch, "layout", "own"))
    ours, theirs = objects.keys(mine), objects.keys(prefix)
    # write() leaves out the counter that a manager adds.
    ours["save_counter"] = ("int64", ())
    odd = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    hold(not odd, f"{len(odd)} tensors differ from what Python writes, first {odd[:3]}")


def run_settings():
    return training.Settings(batch=8, examples=32, epochs=4)


def run_flags(scratch, model_dir):
    return [
        *run_settings().flags(),
        "--mode=train",
        "--train_mode=pretrain",
        "--dataset=synthetic",
        "--train_split=train[:32]",
        "--eval_split=test[:16]",
        "--eval_batch_size=16",
        "--checkpoint_steps=2",
        "--seed=7",
        f"--model_dir={model_dir}",
    ]


def trained_run(scratch):
    """A model_dir after four steps and an evaluation by the command line; made once, then copied."""
    made = os.path.join(os.path.dirname(scratch), "trained-run")
    if not os.path.isdir(made):
        flags = run_flags(scratch, made + ".new")
        product.simclr("run", *flags, "--mode=train_then_eval", "--train_steps=4")
        os.rename(made + ".new", made)
    model_dir = os.path.join(scratch, "model_dir")
    shutil.copytree(made, model_dir)
    return model_dir


def fixed_batch(scratch, settings):
    """Java's training graph on the batch that Python has, ready to obey."""
    file = os.path.join(scratch, "batch.bin")
    product.write_batch(file, *training.batch(settings))
    command = product.fixed_batch(file, settings.examples, [*settings.flags(), "--seed=3"])
    return product.Worker(
        command, log=open(os.path.join(scratch, "java.log"), "w", encoding="utf-8")
    )


def run_check(name, function, directory):
    scratch = os.path.join(directory, name)
    os.makedirs(scratch)
    started = time.monotonic()
    try:
        verdict, finding = "ok", function(scratch)
    except (Failed, AssertionError) as failure:
        verdict, finding = "FAILED", str(failure)
    except Exception:
        verdict, finding = "FAILED", traceback.format_exc()
    print(
        f"crosscheck {name:18} {verdict:6} {time.monotonic() - started:5.1f} s  {finding}",
        flush=True,
    )
    return verdict == "ok"


def main():
    parser = argparse.ArgumentParser(prog="tools/crosscheck/run", description=__doc__)
    parser.add_argument(
        "--only", action="append", metavar="CHECK", help="run this check (repeatable)"
    )
    parser.add_argument("--list", action="store_true", help="name the checks and end")
    parser.add_argument(
        "--reference", metavar="DIR", help="the reference's tf2/: also use its classes"
    )
    parser.add_argument("--keep", metavar="DIR", help="where the runs are left; default: removed")
    options = parser.parse_args()
    exporting.register(check, trained_run)
    converting.register(check, trained_run)
    serving.register(check)
    probes.register(check)
    if options.reference:
        import reference_checks

        reference_checks.register(check, os.path.realpath(options.reference))
    if options.list:
        print("\n".join(CHECKS))
        return 0
    unknown = sorted(set(options.only or ()) - CHECKS.keys())
    if unknown:
        parser.error(f"no check is called {unknown[0]}, expected one of {', '.join(CHECKS)}")
    chosen = {name: CHECKS[name] for name in CHECKS if not options.only or name in options.only}
    directory = (
        os.path.realpath(options.keep) if options.keep else tempfile.mkdtemp(prefix="crosscheck-")
    )
    os.makedirs(directory, exist_ok=True)
    try:
        failed = [
            name for name, function in chosen.items() if not run_check(name, function, directory)
        ]
    finally:
        if not options.keep:
            shutil.rmtree(directory)
    print(
        f"crosscheck: {len(chosen) - len(failed)} of {len(chosen)} hold"
        + "".join(f", not {n}" for n in failed)
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
