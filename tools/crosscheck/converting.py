"""What Python finds in what `convert` and `export --format=hub` write."""

import importlib.util
import json
import os
import shutil
import struct

import numpy as np
import tensorflow as tf

import exporting
import golden
import objects
import product
import training
from product import Failed

TF1 = tf.compat.v1


def register(check, trained_run):
    """Adds the checks; `trained_run` makes a model_dir that the product trained and evaluated."""
    check("convert-tf1")(lambda scratch: convert_tf1(scratch, trained_run(scratch)))
    check("convert-tf1-names")(convert_tf1_names)
    check("convert-released")(convert_released)
    check("convert-torch")(convert_torch)
    check("hub-module")(hub_module)


def hold(condition, message):
    if not condition:
        raise Failed(message)


def convert(source, form, output, *flags):
    """Runs the conversion and returns its report."""
    text = product.simclr(
        "convert", f"--from={source}", f"--to={form}", f"--output={output}", "--json", *flags
    )
    return json.JSONDecoder().raw_decode(text, text.index("{\n"))[0]


def variables_of(architecture):
    """TF1 name, path in TF2 and shape of every variable of a golden file."""
    file = golden.load(os.path.join(training.GOLDEN, f"tf1-names-{architecture}.json"))
    for kind, tf1, tf2, _, shape in file["rows"]:
        for leaf in file["leaves"][kind]:
            yield (
                f"{tf1}/{leaf}",
                f"model/{tf2}/{leaf}",
                tuple(shape[-1:] if leaf == "bias" else shape),
            )


def written_by_python(architecture, prefix):
    """A TF1 checkpoint of random weights, under the names of the golden file."""
    draw = np.random.RandomState(11)
    values = {"global_step": np.int64(3)}
    for name, _, shape in variables_of(architecture):
        leaf = name.rsplit("/", 1)[1]
        offset = 1.0 if leaf in ("gamma", "moving_variance") else 0.0
        scale = (6 / np.prod(shape[:-1])) ** 0.5 if leaf == "kernel" else 0.5
        values[name] = (offset + scale * draw.uniform(-1, 1, shape)).astype(np.float32)
    os.makedirs(os.path.dirname(prefix))
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
    return values


def convert_tf1(scratch, model_dir):
    """TF2 to TF1 and back: names, TF1's own Saver, every bit, and Python's restore with assertions."""
    tf1_dir, tf2_dir = os.path.join(scratch, "tf1"), os.path.join(scratch, "tf2")
    report = convert(model_dir, "tf1", tf1_dir)
    before = objects.values(tf.train.latest_checkpoint(model_dir))
    wanted = {name: shape for name, _, shape in variables_of("r18_1x_cifar")}
    wanted["global_step"] = ()
    slots = {
        f"{name}/Momentum": shape
        for name, key, shape in variables_of("r18_1x_cifar")
        if f"{key}/.OPTIMIZER_SLOT/optimizer/Momentum" in before
    }
    found = {name: tuple(shape) for name, shape in tf.train.list_variables(tf1_dir)}
    hold(
        found == wanted | slots,
        f"names and shapes differ: {sorted(found.items() ^ (wanted | slots).items())[:3]}",
    )
    hold(len(report["mapped"]) == len(found), f"{len(report['mapped'])} mapped, {len(found)} there")

    restored = restored_by_saver(tf1_dir)
    for name, key, _ in variables_of("r18_1x_cifar"):
        hold(
            restored[name].tobytes() == before[key].tobytes(), f"{name} has other values than {key}"
        )

    convert(tf1_dir, "tf2", tf2_dir)
    after = objects.values(tf.train.latest_checkpoint(tf2_dir))
    differing = [k for k in objects.differing(before, after) if k != "save_counter"]
    hold(not differing, f"{len(differing)} tensors differ after there and back: {differing[:3]}")
    own = training.Training(training.Settings())
    own.restore(tf.train.latest_checkpoint(tf2_dir))
    hold(int(own.optimizer.iterations) == 4, f"step {int(own.optimizer.iterations)}, expected 4")
    return f"{len(wanted)} names, {len(slots)} slots, bits equal there and back, restored by both"


def restored_by_saver(directory):
    """All values, as a TF1 program gets them."""
    with tf.Graph().as_default(), TF1.Session() as session:
        variables = [
            TF1.get_variable(
                name, shape, tf.int64 if name == "global_step" else tf.float32, use_resource=True
            )
            for name, shape in tf.train.list_variables(directory)
        ]
        TF1.train.Saver(variables).restore(session, tf.train.latest_checkpoint(directory))
        return {v.op.name: value for v, value in zip(variables, session.run(variables))}


def convert_tf1_names(scratch):
    """TF1 files that Python wrote, of other architectures: every tensor arrives at its TF2 key."""
    findings = []
    for architecture in ("r18_1x_se_cifar", "r50_1x_sk1"):
        prefix = os.path.join(scratch, architecture, "model.ckpt-3")
        values = written_by_python(architecture, prefix)
        report = convert(prefix, "tf2", os.path.join(scratch, architecture, "tf2"))
        hold(not report["ignored"], f"{architecture}: ignored {report['ignored'][:2]}")
        reader = tf.train.load_checkpoint(os.path.join(scratch, architecture, "tf2"))
        keys = 0
        for name, key, _ in variables_of(architecture):
            arrived = reader.get_tensor(key + objects.SUFFIX)
            hold(
                arrived.tobytes() == values[name].tobytes(),
                f"{architecture}: {key} has other values than {name}",
            )
            keys += 1
        findings.append(f"{architecture}: {keys} variables ({report['architecture'].split(' (-')[0]})")
    return "; ".join(findings)


def convert_released(scratch):
    """The reference's own SavedModel becomes a checkpoint with the weights that Python sees in it."""
    directory = exporting.reference_model(scratch)
    report = convert(directory, "tf2", os.path.join(scratch, "tf2"))
    reader = tf.train.load_checkpoint(os.path.join(scratch, "tf2"))
    names = {
        name: key
        for key, name in objects.stored_names(
            tf.train.latest_checkpoint(os.path.join(scratch, "tf2"))
        ).items()
        if key.startswith("model/") and "/.OPTIMIZER_SLOT/" not in key
    }
    with exporting.quiet():
        model = tf.saved_model.load(directory)
    seen = {v.name.removesuffix(":0"): v.numpy() for v in model.trainable_variables_list}
    for name, value in seen.items():
        arrived = reader.get_tensor(names[name] + objects.SUFFIX)
        hold(arrived.tobytes() == value.tobytes(), f"{names[name]} has other values than {name}")
    return f"{len(report['mapped'])} mapped, {len(seen)} compared with the loaded model"


def convert_torch(scratch):
    """ResNet-50 as safetensors in a torchvision-style model: the same representation."""
    if importlib.util.find_spec("torch") is None:
        return "SKIPPED: torch is not installed"
    import torch

    import torchvision_style

    prefix = os.path.join(scratch, "tf1", "model.ckpt-3")
    written_by_python("r50_1x_sk0", prefix)
    convert(prefix, "safetensors", os.path.join(scratch, "torch"))
    convert(prefix, "tf2", os.path.join(scratch, "tf2"))
    exported = os.path.join(scratch, "exported")
    product.simclr(
        "export", f"--checkpoint={os.path.join(scratch, 'tf2')}", f"--output={exported}"
    )
    tensors, metadata = read_safetensors(os.path.join(scratch, "torch", "model.safetensors"))
    hold("ZeroPad2d((0, 1, 0, 1))" in metadata["padding"], f"the padding rule is {metadata}")
    model = torchvision_style.resnet50(tensors["fc.weight"].shape[0])
    model.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()}, strict=True)
    images = np.random.RandomState(2).rand(2, 64, 64, 3).astype(np.float32)
    with torch.no_grad():
        h, logits = model.eval()(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    wanted = tf.saved_model.load(os.path.join(exported, "3"))(images, trainable=False)
    apart_h = exporting.apart(h.numpy(), wanted["final_avg_pool"].numpy())
    apart_logits = exporting.apart(logits.numpy(), wanted["logits_sup"].numpy())
    hold(max(apart_h, apart_logits) <= 1e-4, f"h {apart_h:.1e}, logits {apart_logits:.1e} apart")
    return f"{len(tensors)} entries loaded strictly; h {apart_h:.1e}, logits {apart_logits:.1e} apart"


def read_safetensors(path):
    """Tensors and metadata of a file, by its definition."""
    types = {"F32": "<f4", "I64": "<i8"}
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], types[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).copy()
    return tensors, metadata


def hub_module(scratch):
    """The TF1 hub module in tensorflow-hub: both tag sets, hub.Module, values, updates, gradients."""
    import tensorflow_hub as hub

    exported = exporting.exported(scratch)
    images = np.random.RandomState(4).rand(2, 32, 32, 3).astype(np.float32)
    wanted = {k: v.numpy() for k, v in tf.saved_model.load(exported)(images, trainable=False).items()}
    module = written_module(scratch)
    loaded = hub.load(module, tags=[])
    got = loaded.signatures["default"](images=tf.constant(images))
    hold(
        set(got) == set(wanted) | {"default"},
        f"outputs are {sorted(got)}, expected {sorted(wanted)} and default",
    )
    worst = max(exporting.apart(got[name].numpy(), wanted[name]) for name in wanted)
    hold(worst <= 1e-5, f"hub.load is {worst:.1e} apart, expected at most 1e-5")
    hold(len(loaded.variables) == 121, f"{len(loaded.variables)} variables, expected 121")
    training_module = hub.load(module, tags=["train"])
    hold("default" in training_module.signatures, "the tag train has no signature default")
    if not hasattr(hub, "Module"):
        return f"hub.load {worst:.1e} apart; hub.Module is not in tensorflow-hub {hub.__version__}"

    names = {name for name, _, _ in variables_of("r18_1x_cifar")}
    with tf.Graph().as_default():
        spec = hub.Module(module)
        hold(set(spec.variable_map) == names, "variable_map differs from TF1's names")
        default = spec(tf.constant(images))
        with TF1.Session() as session:
            session.run(TF1.global_variables_initializer())
            apart = exporting.apart(session.run(default), wanted["final_avg_pool"])
    hold(apart <= 1e-5, f"hub.Module is {apart:.1e} apart, expected at most 1e-5")

    with tf.Graph().as_default():
        spec = hub.Module(module, trainable=True, tags={"train"})
        outputs = spec(tf.constant(images), as_dict=True)
        loss = sum(tf.reduce_sum(outputs[k] ** 2) for k in ("logits_sup", "proj_head_output"))
        gradients = TF1.gradients(loss, TF1.trainable_variables())
        updates = TF1.get_collection(TF1.GraphKeys.UPDATE_OPS)
        means = [v for v in TF1.global_variables() if v.op.name.endswith("moving_mean")]
        with TF1.Session() as session:
            session.run(TF1.global_variables_initializer())
            before = session.run(means)
            session.run(updates)
            moved = sum(
                bool((a != b).any()) for a, b in zip(before, session.run(means))
            )
    none = sum(g is None for g in gradients)
    hold(none == 0, f"{none} of {len(gradients)} gradients are missing")
    hold(moved == len(means), f"{moved} of {len(means)} moving means moved")
    return (
        f"hub.load {worst:.1e}, hub.Module {apart:.1e} apart; {len(gradients)} gradients,"
        f" {len(updates)} update ops"
    )


def written_module(scratch):
    shutil.unpack_archive(
        os.path.join(exporting.REFERENCE, "tf2-model_dir.tar.xz"), os.path.join(scratch, "run")
    )
    run = os.path.join(scratch, "run", "model_dir")
    output = os.path.join(scratch, "hub")
    product.simclr("export", f"--model_dir={run}", "--format=hub", f"--output={output}")
    return os.path.join(output, exporting.STEP)
