"""The fills and samples in which golden files state tensors (testdata/golden/README.md)."""

import json
import zlib

import numpy as np

_U = np.uint64


def _mix(z):
    with np.errstate(over="ignore"):
        z = z + _U(0x9E3779B97F4A7C15)
        z = (z ^ (z >> _U(30))) * _U(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> _U(27))) * _U(0x94D049BB133111EB)
    return z ^ (z >> _U(31))


def _stream(name, count):
    with np.errstate(over="ignore"):
        return _mix((_U(zlib.crc32(name.encode())) << _U(32)) + np.arange(count, dtype=_U))


def _uniform(name, count):
    return (_stream(name, count) >> _U(40)).astype(np.float32) / np.float32(1 << 24)


def filled(key, shape, scale, offset):
    u = _uniform(key, int(np.prod(shape)))
    spread = np.float32(scale) * (np.float32(2) * u - np.float32(1))
    return (np.float32(offset) + spread).astype(np.float32).reshape(shape)


def images(spec):
    """Images in [0, 1], with a brightness of its own for each image and channel."""
    shape = spec["shape"]
    n, _, _, channels = shape
    gain = np.float32(0.25) + np.float32(0.75) * _uniform(spec["gain"], n * channels)
    return _uniform(spec["name"], int(np.prod(shape))).reshape(shape) * gain.reshape(
        n, 1, 1, channels
    )


def labels(name, count, classes):
    return ((_stream(name, count) >> _U(33)) % _U(classes)).astype(np.int64)


def sampled(array, count):
    flat = array.ravel()
    if flat.size <= count:
        return flat
    step = flat.size // count
    places = [
        i * step + int((_mix(np.array([i], _U))[0] >> _U(33)) % _U(step)) for i in range(count)
    ]
    return flat[places]


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)
