"""What Python does with an export of the product: load, call, differentiate, train, serve."""

import contextlib
import io
import logging
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import tensorflow as tf

import golden
import product
from network import Network
from product import Failed

REFERENCE = os.path.join(product.ROOT, "testdata", "reference")
STEP = "8"


def register(check, trained_run):
    """Adds the checks; `trained_run` makes a model_dir that the product trained and evaluated."""
    check("export-is-the-release")(export_is_the_release)
    check("export-answers")(lambda scratch: export_answers(trained_run(scratch), scratch))
    check("export-in-python")(export_in_python)
    check("export-fine-tunes")(lambda scratch: export_fine_tunes(trained_run(scratch)))
    check("export-signatures")(export_signatures)
    check("export-in-hub")(export_in_hub)
    check("export-warm-up")(export_warm_up)


def hold(condition, message):
    if not condition:
        raise Failed(message)


def exported(scratch):
    """The reference's model_dir as an export of the product; made once."""
    made = os.path.join(os.path.dirname(scratch), "exported")
    version = os.path.join(made, STEP)
    if not os.path.isdir(version):
        os.makedirs(made, exist_ok=True)
        shutil.unpack_archive(os.path.join(REFERENCE, "tf2-model_dir.tar.xz"), made)
        labels = os.path.join(made, "names.txt")
        with open(labels, "w", encoding="utf-8") as file:
            file.writelines(f"class {i}\n" for i in range(10))
        run = os.path.join(made, "model_dir")
        product.simclr("export", f"--model_dir={run}", f"--labels={labels}", f"--output={made}")
        shutil.rmtree(run)
    return version


def reference_model(scratch):
    made = os.path.join(os.path.dirname(scratch), "reference-export")
    if not os.path.isdir(made):
        shutil.unpack_archive(os.path.join(REFERENCE, "reference-saved_model.tar.xz"), made)
    return os.path.join(made, "saved_model", STEP)


def expectations():
    expected = golden.load(os.path.join(REFERENCE, "saved_model_expected.json"))
    return expected, golden.images(expected["images"])


def apart(found, wanted):
    """The largest difference, relative to the largest value."""
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def export_is_the_release(scratch):
    """The reference's own SavedModel and ours: the same calls, names, shapes, lists and numbers."""
    expected, images = expectations()
    ours = tf.saved_model.load(exported(scratch))
    with quiet():
        theirs = tf.saved_model.load(reference_model(scratch))
    worst = {}
    for training in (False, True):
        mine, other = ours(images, trainable=training), theirs(images, trainable=training)
        hold(list(mine) == list(other), f"outputs are {list(mine)}, expected {list(other)}")
        for name, value in other.items():
            # Batch norm over 4 projections: the golden file says what rounding alone does there.
            bound = 1e-5
            if training and name == "proj_head_output":
                golden_value = expected["training"][name]
                bound = golden_value["samples_tol"] / np.abs(golden_value["samples"]).max()
            worst[name, training] = apart(mine[name].numpy(), value.numpy())
            hold(
                worst[name, training] <= bound,
                f"{name} with trainable={training} is {worst[name, training]:.1e} from the"
                f" reference's, expected {bound:.1e}",
            )
    for i, (mine, other) in enumerate(
        zip(ours.__call__.concrete_functions, theirs.__call__.concrete_functions)
    ):
        said = expected["functions"][i]
        hold(
            str(mine.structured_input_signature) == said["inputs"],
            f"call {i} takes {mine.structured_input_signature}, expected {said['inputs']}",
        )
        hold(
            mine.structured_outputs == other.structured_outputs,
            f"call {i} returns {mine.structured_outputs}, expected {other.structured_outputs}",
        )
    names = [variable.name for variable in ours.trainable_variables_list]
    hold(
        names == expected["trainable_variables_list"],
        "trainable_variables_list is not the reference's",
    )
    print(difference(exported(scratch), reference_model(scratch)), flush=True)
    inference = max(value for (_, training), value in worst.items() if not training)
    encoder = max(v for (name, training), v in worst.items() if training and "output" not in name)
    return (
        f"{len(names)} trainable variables, 10 endpoints; inference {inference:.1e}, training"
        f" {encoder:.1e}, its projection {worst['proj_head_output', True]:.1e} apart"
    )


def export_answers(model_dir, scratch):
    """Both calls in Python against the numbers of Java's own graph, on what a run exported."""
    model = tf.saved_model.load(os.path.join(model_dir, "saved_model", "4"))
    # So many that batch norm over the projections does not magnify rounding.
    images = golden.images({"name": "answers", "gain": "answers/gain", "shape": [48, 32, 32, 3]})
    batch = os.path.join(scratch, "images.f32")
    images.astype("<f4").tofile(batch)
    arguments = [model_dir, batch, str(len(images)), "32", scratch]
    subprocess.run(product.java("simclr.tools.bench.ForwardAnswers", *arguments), check=True)
    worst = {}
    for mode in ("inference", "training"):
        outputs = model(images, trainable=mode == "training")
        for name in (
            "initial_conv",
            "block_group4",
            "final_avg_pool",
            "logits_sup",
            "proj_head_output",
        ):
            wanted = np.fromfile(os.path.join(scratch, f"{mode}-{name}.f32"), "<f4")
            off = apart(outputs[name].numpy().ravel(), wanted)
            hold(off <= 1e-5, f"{name} in {mode} is {off:.1e} from Java's, expected 1e-5")
            worst[mode] = max(off, worst.get(mode, 0.0))
    return ", ".join(f"{mode} {off:.1e} from Java's" for mode, off in worst.items())


def export_in_python(scratch):
    """Loads without a warning; both calls, gradients and moving averages against plain Python."""
    expected, images = expectations()
    with no_warnings():
        model = tf.saved_model.load(exported(scratch))
        outputs = model(images, trainable=False)
        model(images, False)
        hold(refuses(lambda: model(images)), "a call without trainable is accepted")
    for name, value in expected["inference"].items():
        # The reference's model names its outputs otherwise: only the endpoints are compared.
        if name in outputs:
            got = golden.sampled(outputs[name].numpy(), len(value["samples"]))
            off = np.abs(got - np.array(value["samples"])).max()
            hold(off <= value["samples_tol"], f"{name} is off by {off}, expected at most"
                 f" {value['samples_tol']}")

    before = {variable.name: variable.numpy() for variable in model.variables}
    with no_warnings(), tf.GradientTape() as tape:
        outputs = model(images, trainable=True)
        loss = tf.reduce_mean(outputs["final_avg_pool"] ** 2)
    gradients = tape.gradient(loss, model.trainable_variables_list)
    plain = plain_network(model, before)
    with tf.GradientTape() as tape:
        plain_loss = tf.reduce_mean(plain.encode(images) ** 2)
    worst = worst_gradient(model, gradients, tape.gradient(plain_loss, plain.trainable))
    hold(worst <= 5e-4, f"gradients are {worst:.1e} from those of a plain network")
    moved = moved_once(model, before, plain)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(images, trainable=False)["proj_head_output"] ** 2)
    hold(
        None not in tape.gradient(loss, model.trainable_variables_list)[:63],
        "the inference call gives no gradient for a part of the encoder",
    )
    again = {variable.name: variable.numpy() for variable in model.variables}
    model(images, trainable=False)
    still = all((again[v.name] == v.numpy()).all() for v in model.variables)
    hold(still, "the inference call moves variables")

    resaved = os.path.join(scratch, "resaved")
    with quiet():
        tf.saved_model.save(model, resaved, signatures=model.signatures)
    once_more = tf.saved_model.load(resaved)
    hold(
        apart(
            once_more(images, trainable=False)["logits_sup"].numpy(),
            model(images, trainable=False)["logits_sup"].numpy(),
        )
        == 0
        and len(once_more.trainable_variables_list) == 73
        and sorted(once_more.signatures) == sorted(model.signatures),
        "the model that was saved again is another one",
    )
    hold(
        b"class 9" in tf.io.read_file(once_more.labels.asset_path).numpy(),
        "the labels are lost when the model is saved again",
    )
    return f"no warnings; gradients {worst:.1e} from a plain network, {moved} averages moved once"


def export_fine_tunes(model_dir):
    """What a run exports after its evaluation takes a new head, then trains as a whole."""
    versions = os.listdir(os.path.join(model_dir, "saved_model"))
    hold(versions == ["4"], f"the run exported {versions}, expected its step, 4")
    model = tf.saved_model.load(os.path.join(model_dir, "saved_model", "4"))
    images = golden.images({"name": "tune", "gain": "tune/gain", "shape": [12, 32, 32, 3]})
    labels = np.arange(len(images)) % 3
    head = tf.Variable(tf.zeros([512, 3])), tf.Variable(tf.zeros([3]))
    encoder = [v for v in model.trainable_variables_list if v.name.startswith("resnet")]
    losses = {}
    for part, trained in (("head", list(head)), ("whole", encoder + list(head))):
        start = [variable.numpy() for variable in encoder]
        losses[part] = descend(model, head, trained, images, labels, training=part == "whole")
        hold(
            losses[part][-1] < losses[part][0],
            f"the loss of training the {part} goes {losses[part]}, expected a fall",
        )
        moved = sum((was != now.numpy()).any() for was, now in zip(start, encoder))
        hold(moved == (0 if part == "head" else len(encoder)), f"{moved} variables moved with the {part}")
    return ", ".join(f"{part} {v[0]:.3f} to {v[-1]:.3f}" for part, v in losses.items())


def descend(model, head, trained, images, labels, training):
    optimizer = tf.keras.optimizers.legacy.SGD(0.02)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            h = model(images, trainable=training)["final_avg_pool"]
            logits = tf.matmul(h, head[0]) + head[1]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        optimizer.apply_gradients(zip(tape.gradient(loss, trained), trained))
        return loss

    return [float(step()) for _ in range(8)]


def export_signatures(scratch):
    """saved_model_cli runs every signature; the numbers are those of the call."""
    directory = exported(scratch)
    model = tf.saved_model.load(directory)
    _, images = expectations()
    files = [encoded(i) for i in range(3)]
    cli = os.path.join(os.path.dirname(sys.executable), "saved_model_cli")
    inputs = os.path.join(scratch, "images.npy"), os.path.join(scratch, "files.npy")
    np.save(inputs[0], images)
    np.save(inputs[1], np.array(files, dtype="S"))
    pixels = tf.stack([preprocessed(file) for file in files])
    call, of_files = model(images, trainable=False), model(pixels, trainable=False)
    for signature, argument, file, wanted in (
        ("serving_default", "inputs", inputs[0], answers(call)),
        ("project", "inputs", inputs[0], {"projection": call["proj_head_output"]}),
        ("head_layers", "inputs", inputs[0], head_layers(model, call["final_avg_pool"])),
        ("image_bytes", "image_bytes", inputs[1], answers(of_files)),
    ):
        out = os.path.join(scratch, signature)
        done = subprocess.run(
            [cli, "run", "--dir", directory, "--tag_set", "serve", "--signature_def", signature]
            + ["--inputs", f"{argument}={file}", "--outdir", out],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        hold(done.returncode == 0, f"saved_model_cli run {signature}: {done.stdout[-600:]}")
        feeds = images if argument == "inputs" else files
        served = model.signatures[signature](**{argument: tf.constant(feeds)})
        for name, value in wanted.items():
            for found in (np.load(os.path.join(out, f"{name}.npy")), served[name].numpy()):
                off = apart(found, value.numpy())
                hold(off <= 1e-5, f"{name} of {signature} is {off:.1e} from the call's")
    names = served["class_names"].numpy()
    hold(
        names.shape == (3, 10) and names[2, 9] == b"class 9",
        f"class_names are {names.tolist()}",
    )
    return "serving_default, project, head_layers and image_bytes in saved_model_cli and in Python"


def export_in_hub(scratch):
    """hub.load, and hub.KerasLayer frozen and trained."""
    import tensorflow_hub as hub

    directory = exported(scratch)
    _, images = expectations()
    wanted = hub.load(directory)(images, trainable=False)["final_avg_pool"].numpy()
    frozen = hub.KerasLayer(directory, arguments={"trainable": False})
    off = apart(frozen(images)["final_avg_pool"].numpy(), wanted)
    hold(off <= 1e-5, f"KerasLayer is {off:.1e} from hub.load")
    counts = len(frozen.weights), len(frozen.trainable_weights)
    hold(counts == (121, 0), f"a frozen KerasLayer has {counts} weights, expected 121 and 0")
    layer = hub.KerasLayer(directory, trainable=True, arguments={"trainable": True})
    given = tf.keras.Input([32, 32, 3])
    model = tf.keras.Model(given, tf.keras.layers.Dense(2)(layer(given)["final_avg_pool"]))
    model.compile(tf.keras.optimizers.legacy.SGD(1e-6), "mse")
    losses = model.fit(images, np.ones((4, 2)), epochs=3, verbose=0).history["loss"]
    hold(len(layer.trainable_weights) == 73, f"{len(layer.trainable_weights)} trainable weights")
    hold(losses[-1] < losses[0], f"the loss goes {losses}, expected a fall")
    served = hub.KerasLayer(directory, signature="serving_default", output_key="representation")
    off = apart(served(images).numpy(), wanted)
    hold(off <= 1e-5, f"KerasLayer of a signature is {off:.1e} from hub.load")
    return "121 weights, 73 of them trained"


def export_warm_up(scratch):
    """The warm-up requests parse with TensorFlow Serving's own messages, and run."""
    from tensorflow_serving.apis import prediction_log_pb2

    directory = exported(scratch)
    model = tf.saved_model.load(directory)
    path = os.path.join(directory, "assets.extra", "tf_serving_warmup_requests")
    found = []
    for record in tf.data.TFRecordDataset(path):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        inputs = {
            name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()
        }
        answer = model.signatures[request.model_spec.signature_name](**inputs)
        hold(
            all(value.shape[0] == 1 for value in answer.values()),
            f"{request.model_spec.signature_name} answers {answer}",
        )
        found.append(request.model_spec.signature_name)
    hold(
        sorted(found) == sorted(model.signatures),
        f"requests are of {found}, expected one for each of {sorted(model.signatures)}",
    )
    return ", ".join(found)


def answers(outputs):
    return {"representation": outputs["final_avg_pool"], "logits": outputs["logits_sup"]}


def head_layers(model, h):
    """The projection head layer by layer, in inference mode."""
    variables = by_key(model)
    outputs = {}
    for layer in range(3):
        key = f"model/_projection_head/linear_layers/{layer}"
        norm = {
            name: variables.get(f"{key}/bn_relu/bn/{name}")
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        }
        h = tf.matmul(h, variables[f"{key}/dense/kernel"])
        h = (h - norm["moving_mean"]) / tf.sqrt(norm["moving_variance"] + 1e-5) * norm["gamma"]
        if layer < 2:
            h = tf.nn.relu(h + norm["beta"])
        outputs[f"head_layer_{layer + 1}" if layer < 2 else "projection"] = h
    return outputs


def encoded(i):
    noise = np.random.default_rng(i).integers(0, 256, (20 + 9 * i, 41 - 5 * i, 3), dtype=np.uint8)
    image = tf.constant(noise)
    file = tf.io.encode_png(image) if i % 2 else tf.io.encode_jpeg(image)
    return file.numpy()


def preprocessed(file):
    """Evaluation's preprocessing at 32 pixels, in TensorFlow's Python API."""
    image = tf.io.decode_image(file, channels=3, expand_animations=False)
    image = tf.image.convert_image_dtype(image, tf.float32)
    return tf.clip_by_value(tf.image.resize(image, [32, 32], "bicubic"), 0.0, 1.0)


def plain_network(model, values):
    """The independent Python network on copies of the export's variables."""
    keys = {
        variable.name.removesuffix(":0"): key for key, variable in by_key(model).items()
    }
    copies = {
        keys[name.removesuffix(":0")]: tf.Variable(value) for name, value in values.items()
    }
    network = Network(copies)
    network.trainable = [
        copies[keys[variable.name.removesuffix(":0")]]
        for variable in model.trainable_variables_list
    ]
    return network


def by_key(model):
    """The export's variables by their paths below `model`, which are checkpoint keys."""
    found = {}

    def walk(node, path):
        for child in node._trackable_children().items():
            name, value = child
            key = f"{path}/{name}"
            if isinstance(value, tf.Variable):
                found[key] = value
            else:
                walk(value, key)

    walk(model.model, "model")
    return found


def worst_gradient(model, found, wanted):
    """Relative to the gradient's length, or to the median's where it is shorter: some are zero but
    for rounding. What a plain network has no path to gets zeros."""
    lengths = [np.linalg.norm(gradient) for gradient in wanted if gradient is not None]
    least = np.median(lengths)
    worst = 0.0
    for variable, mine, other in zip(model.trainable_variables_list, found, wanted):
        hold(mine is not None, f"{variable.name} has no gradient")
        if other is None:
            hold(not mine.numpy().any(), f"{variable.name} has a gradient, expected zeros")
        else:
            worst = max(worst, np.linalg.norm(mine - other) / max(least, np.linalg.norm(other)))
    return worst


def moved_once(model, before, plain):
    """The encoder's averages are where a plain network's single update brings them."""
    keys = by_key(model)
    moved = 0
    for key, variable in keys.items():
        changed = (variable.numpy() != before[variable.name]).any()
        statistic = key.rsplit("/", 1)[1].startswith("moving_")
        hold(changed == statistic, f"{key} {'changed' if changed else 'did not move'}")
        if statistic and key.startswith("model/resnet_model"):
            off = apart(variable.numpy(), plain.variables[key].numpy())
            hold(off <= 1e-4, f"{key} moved to {off:.1e} from where one update brings it")
        moved += statistic
    return moved


def difference(ours, theirs):
    """What a reader of both SavedModels sees differ."""
    from tensorflow.core.protobuf import saved_model_pb2

    lines = []
    for name, directory in (("ours", ours), ("reference", theirs)):
        saved = saved_model_pb2.SavedModel()
        with open(os.path.join(directory, "saved_model.pb"), "rb") as file:
            saved.ParseFromString(file.read())
        graph = saved.meta_graphs[0]
        root = graph.object_graph_def.nodes[0]
        signatures = [key for key in graph.signature_def if not key.startswith("__")]
        size = os.path.getsize(os.path.join(directory, "saved_model.pb"))
        lines.append(
            f"  {name:9} root: {' '.join(sorted(child.local_name for child in root.children))};"
            f" signatures: {' '.join(sorted(signatures)) or 'none'};"
            f" {len(graph.object_graph_def.nodes)} objects,"
            f" {len(graph.graph_def.library.function)} functions, {size} bytes"
        )
    return "\n".join(lines)


def refuses(call):
    try:
        call()
    except (TypeError, ValueError):
        return True
    return False


@contextlib.contextmanager
def quiet():
    loggers = [tf.get_logger(), logging.getLogger("absl")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


@contextlib.contextmanager
def no_warnings():
    """Fails on anything that TensorFlow, absl or Python warn of."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setLevel(logging.WARNING)
    loggers = [tf.get_logger(), logging.getLogger("absl"), logging.getLogger()]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        said.writelines(f"{warning.message}\n" for warning in caught)
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
    hold(not said.getvalue(), f"warnings: {said.getvalue()[:600]}")
