"""The product's server and its embed command beside what Python makes of the same export."""

import base64
import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

import numpy as np
import tensorflow as tf

import exporting
import product
from product import Failed

TOLERANCE = 1e-5
SIZE = 32


def register(check):
    """Adds the checks."""
    check("serve-answers")(serve_answers)
    check("serve-batches")(serve_batches)
    check("embed-files")(embed_files)


def hold(condition, message):
    if not condition:
        raise Failed(message)


def serve_answers(scratch):
    """Every signature in rows and in columns, against the same signature loaded by Python."""
    version = exporting.exported(scratch)
    model = tf.saved_model.load(version)
    pixels = images(3)
    encoded = [encode(image) for image in pictures()]
    asked = {
        "serving_default": ("inputs", pixels, pixels.tolist()),
        "project": ("inputs", pixels, pixels.tolist()),
        "head_layers": ("inputs", pixels, pixels.tolist()),
        "image_bytes": ("image_bytes", np.array(encoded, object), [b64(image) for image in encoded]),
    }
    worst = 0.0
    with server(os.path.dirname(version), status=143) as url:
        for name, (argument, value, plain) in asked.items():
            wanted = model.signatures[name](**{argument: tf.constant(value)})
            bodies = {
                "rows": {"instances": plain},
                "named rows": {"instances": [{argument: one} for one in plain]},
                "columns": {"inputs": plain},
                "named columns": {"inputs": {argument: plain}},
            }
            for form, body in bodies.items():
                answer = post(f"{url}:predict", {**body, "signature_name": name})
                outputs = columns(answer, wanted) if "rows" in form else named(answer, wanted)
                hold(
                    outputs.keys() == wanted.keys(),
                    f"{name} in {form} answers {sorted(outputs)}, expected {sorted(wanted)}",
                )
                for key, tensor in wanted.items():
                    worst = max(worst, apart(f"{name} in {form}: {key}", outputs[key], tensor))
        described_as_saved(url, version)
        refusals(url)
    return f"{len(asked)} signatures in 4 forms, worst difference {worst:.1e}"


def serve_batches(scratch):
    """Eighty requests of one image at a time share batches and get each its own answer."""
    version = exporting.exported(scratch)
    pixels = images(80)
    wanted = tf.saved_model.load(version).signatures["serving_default"](inputs=tf.constant(pixels))
    with server(os.path.dirname(version), "--max_batch_size=8", status=143) as url:
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(
                pool.map(lambda one: post(f"{url}:predict", {"instances": [one]}), pixels.tolist())
            )
    got = np.array([answer["predictions"][0]["representation"] for answer in answers])
    return f"80 requests, worst difference {apart('representation', got, wanted['representation']):.1e}"


def embed_files(scratch):
    """Rows of .npy and .csv against the image_bytes signature on the same files."""
    version = exporting.exported(scratch)
    folder = os.path.join(scratch, "images")
    for number, picture in enumerate(pictures() * 3):
        directory = os.path.join(folder, "ab"[number % 2])
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, f"{number}.png"), "wb") as file:
            file.write(encode(picture))
    npy, csv = os.path.join(scratch, "h.npy"), os.path.join(scratch, "h.csv")
    for output in (npy, csv):
        product.simclr("embed", version, f"--data_dir={folder}", f"--output={output}")
    rows = np.load(npy)
    with open(os.path.join(scratch, "h.names.txt"), encoding="utf-8") as file:
        names = file.read().splitlines()
    labels = np.load(os.path.join(scratch, "h.labels.npy"))
    hold(
        [("a", "b")[label] for label in labels] == [name[0] for name in names],
        f"labels {labels} do not belong to {names}",
    )
    contents = []
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            contents.append(file.read())
    signature = tf.saved_model.load(version).signatures["image_bytes"]
    wanted = signature(image_bytes=tf.constant(np.array(contents, object)))["representation"]
    worst = apart("a row of .npy", rows, wanted)
    table = np.genfromtxt(csv, delimiter=",", names=True, dtype=None, encoding="utf-8")
    hold(list(table["name"]) == names, "the names of .csv and .npy differ")
    again = np.array([list(line)[2:] for line in table], np.float32)
    hold((again == rows).all(), "the values of .csv and .npy differ")
    return f"{len(names)} files, worst difference {worst:.1e}"


@contextlib.contextmanager
def server(base, *flags, status):
    """The url of a model that is being served; at the end SIGTERM, and the status is looked at."""
    subprocess.run([product.COMMAND, "--version"], check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen(
        [product.COMMAND, "serve", base, "--port=0", "--json", *flags],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        if not line:
            raise Failed(f"serve ended with status {process.wait()} before it served")
        yield json.loads(line)["url"]
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=60)
        hold(ended == status, f"serve ended with status {ended} after SIGTERM, expected {status}")
    finally:
        process.kill()
        process.wait()


def described_as_saved(url, version):
    """Metadata and status say what the SavedModel's own protobuf says."""
    from google.protobuf import json_format
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

    answer = post(f"{url}/metadata")
    number = os.path.basename(version)
    spec = {"name": "simclr", "signature_name": "", "version": number}
    hold(answer["model_spec"] == spec, f"model_spec is {answer['model_spec']}, expected {spec}")
    saved = saved_model_pb2.SavedModel()
    with open(os.path.join(version, "saved_model.pb"), "rb") as file:
        saved.ParseFromString(file.read())
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    for name, signature in signatures.items():
        parsed = json_format.ParseDict(signature, meta_graph_pb2.SignatureDef())
        hold(
            parsed == saved.meta_graphs[0].signature_def[name],
            f"metadata describe {name} as {parsed}, expected what is saved",
        )
    state = post(url)["model_version_status"]
    wanted = [
        {
            "version": number,
            "state": "AVAILABLE",
            "status": {"error_code": "OK", "error_message": ""},
        }
    ]
    hold(state == wanted, f"the status is {state}, expected {wanted}")


def refusals(url):
    """Errors are one sentence under the key error, with TensorFlow Serving's status."""
    for status, suffix, body in (
        (400, ":predict", {"instances": [[[[0, 0, 255]]]]}),
        (400, ":predict", {"instances": [1], "signature_name": "none"}),
        (400, ":predict", {"neither": 1}),
        (400, ":classify", {"examples": [{}]}),
        (404, "/versions/99:predict", {"instances": [1]}),
    ):
        try:
            post(url + suffix, body)
        except urllib.error.HTTPError as error:
            answer = json.load(error)
            hold(error.code == status, f"{suffix} {body} gives {error.code}, expected {status}")
            hold(list(answer) == ["error"], f"{suffix} {body} answers {answer}")
        else:
            raise Failed(f"{suffix} {body} is answered, expected status {status}")


def post(url, body=None):
    """POST with a body, GET without one."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=120) as answer:
        return json.load(answer)


def columns(answer, wanted):
    rows = answer["predictions"]
    if len(wanted) == 1:
        return {next(iter(wanted)): rows}
    return {key: [row[key] for row in rows] for key in rows[0]}


def named(answer, wanted):
    outputs = answer["outputs"]
    return {next(iter(wanted)): outputs} if len(wanted) == 1 else outputs


def apart(what, got, tensor):
    """The worst difference, relative to the largest value."""
    want = tensor.numpy()
    if want.dtype == object:
        hold(np.array(got).tolist() == [[s.decode() for s in row] for row in want], f"{what} differ")
        return 0.0
    got = np.array(got, np.float64)
    hold(got.shape == want.shape, f"{what} has the shape {got.shape}, expected {want.shape}")
    worst = np.abs(got - want).max() / np.abs(want).max()
    hold(worst <= TOLERANCE, f"{what} is {worst:.1e} apart, expected at most {TOLERANCE}")
    return float(worst)


def images(count):
    return np.random.default_rng(5).random((count, SIZE, SIZE, 3), np.float32)


def pictures():
    random = np.random.default_rng(6)
    sizes = ((32, 32), (17, 31), (200, 120))
    return [random.integers(0, 256, (*size, 3), np.uint8) for size in sizes]


def encode(image):
    return tf.io.encode_png(image).numpy()


def b64(content):
    return {"b64": base64.b64encode(content).decode()}
