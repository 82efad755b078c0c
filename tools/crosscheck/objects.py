"""Python objects for a checkpoint of the product, and what lies in a checkpoint.

The rows of testdata/golden/architecture-*.json say which objects the reference's model has: path,
Keras name and shape of each variable. They are rebuilt here as plain tf.Module objects.
"""

import json
import math

import numpy as np
import tensorflow as tf

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


class Model:
    """A tree of modules whose object paths and variable names are those of the golden rows."""

    def __init__(self, golden_file):
        with open(golden_file, encoding="utf-8") as file:
            rows = json.load(file)["variables"]
        self.variables = {}
        self.trainable = []
        tree = {}
        for key, name, shape, trainable, *_ in rows:
            variable = tf.Variable(
                tf.zeros(shape), name=name.removesuffix(":0"), trainable=bool(trainable)
            )
            self.variables[key] = variable
            if trainable:
                self.trainable.append(variable)
            *path, leaf = key.split("/")
            place = tree
            for part in path:
                place = place.setdefault(part, {})
            place[leaf] = variable
        self.root = _objects(tree["model"])

    def names(self):
        return {key: variable.name for key, variable in self.variables.items()}


def _objects(tree):
    """Nested dicts to modules; keys that are numbers make a list, with empty modules in gaps."""
    if isinstance(tree, tf.Variable):
        return tree
    children = {name: _objects(child) for name, child in tree.items()}
    if all(name.isdigit() for name in children):
        return [children.get(str(i), tf.Module()) for i in range(1 + max(map(int, children)))]
    module = tf.Module()
    for name, child in children.items():
        setattr(module, name, child)
    return module


def keys(prefix):
    """Key, dtype and shape of every tensor of a checkpoint, without the object graph."""
    reader = tf.train.load_checkpoint(prefix)
    shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    return {
        key.removesuffix(SUFFIX): (types[key].name, tuple(shapes[key]))
        for key in shapes
        if key != "_CHECKPOINTABLE_OBJECT_GRAPH"
    }


def values(prefix):
    """Key to array for every tensor of a checkpoint, without the object graph."""
    reader = tf.train.load_checkpoint(prefix)
    return {key: reader.get_tensor(key + SUFFIX) for key in keys(prefix)}


def stored_names(prefix):
    """Key to the name that the object graph stores for the variable."""
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(
        tf.train.load_checkpoint(prefix).get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
    )
    return {
        attribute.checkpoint_key.removesuffix(SUFFIX): attribute.full_name
        for node in graph.nodes
        for attribute in node.attributes
    }


def differing(left, right):
    """Keys at which two dicts of arrays are not the same bits."""
    return sorted(
        key
        for key in left.keys() | right.keys()
        if key not in left
        or key not in right
        or left[key].dtype != right[key].dtype
        or left[key].shape != right[key].shape
        or left[key].tobytes() != right[key].tobytes()
    )


def moved_apart(before, left, right):
    """How far two movements from `before` lie apart, relative to their length.

    Returns the distance over all variables together, and that of the worst variable with its key.
    A variable that moves by little more than rounding counts as if it moved by a hundred-thousandth
    of itself.
    """
    apart, length, least = {}, {}, {}
    for key, start in before.items():
        apart[key] = float(np.linalg.norm(left[key].astype(np.float64) - right[key]))
        length[key] = float(np.linalg.norm(left[key].astype(np.float64) - start))
        least[key] = 1e-5 * float(np.linalg.norm(start))
    floor = 1e-4 * float(np.median([x for x in length.values() if x > 0] or [1.0]))
    worst = max((apart[key] / max(length[key], least[key], floor), key) for key in before)
    return math.hypot(*apart.values()) / math.hypot(*length.values()), worst
