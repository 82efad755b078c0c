"""ResNet-18 with the CIFAR stem, its heads and losses over a dict of variables by checkpoint key.

A second, independent statement of the model: nothing is shared with the Java code but the keys.
"""

import tensorflow as tf

ENCODER = "model/resnet_model"
HEAD = "model/_projection_head/linear_layers"
PROBE = "model/supervised_head/linear_layer/dense"


class Network:
    def __init__(self, variables, decay=0.9, epsilon=1e-5):
        self.variables, self.decay, self.epsilon = variables, decay, epsilon

    def encode(self, x):
        """Images (n, 32, 32, 3) to features (n, 512), with batch statistics."""
        x = self._norm(
            self._conv(x, f"{ENCODER}/initial_conv_relu_max_pool/0"),
            f"{ENCODER}/initial_conv_relu_max_pool/2/bn",
        )
        x = tf.nn.relu(x)
        for group in range(4):
            for block in range(2):
                stride = 2 if group > 0 and block == 0 else 1
                x = self._block(
                    x, f"{ENCODER}/block_groups/{group}/layers/{block}", stride, project=block == 0
                )
        return tf.reduce_mean(x, [1, 2])

    def project(self, h):
        """Features to projections (n, 128): three dense layers, the last without ReLU and beta."""
        for layer in range(3):
            h = tf.matmul(h, self.variables[f"{HEAD}/{layer}/dense/kernel"])
            h = self._norm(h, f"{HEAD}/{layer}/bn_relu/bn")
            h = tf.nn.relu(h) if layer < 2 else h
        return h

    def classify(self, h):
        return tf.matmul(h, self.variables[f"{PROBE}/kernel"]) + self.variables[f"{PROBE}/bias"]

    def _block(self, x, key, stride, project):
        y = self._conv(x, f"{key}/conv2d_bn_layers/0", stride)
        y = tf.nn.relu(self._norm(y, f"{key}/conv2d_bn_layers/1/bn"))
        y = self._norm(self._conv(y, f"{key}/conv2d_bn_layers/2"), f"{key}/conv2d_bn_layers/3/bn")
        if project:
            x = self._norm(
                self._conv(x, f"{key}/shortcut_layers/0", stride), f"{key}/shortcut_layers/1/bn"
            )
        return tf.nn.relu(x + y)

    def _conv(self, x, key, stride=1):
        kernel = self.variables[f"{key}/conv2d/kernel"]
        padding = "SAME"
        if stride > 1:
            whole = kernel.shape[0] - 1
            before = whole // 2
            sides = [before, whole - before]
            x, padding = tf.pad(x, [[0, 0], sides, sides, [0, 0]]), "VALID"
        return tf.nn.conv2d(x, kernel, stride, padding)

    def _norm(self, x, key):
        axes = list(range(len(x.shape) - 1))
        mean = tf.reduce_mean(x, axes)
        variance = tf.reduce_mean(tf.square(x), axes) - tf.square(mean)
        for name, batch in (("moving_mean", mean), ("moving_variance", variance)):
            moving = self.variables[f"{key}/{name}"]
            moving.assign(moving * self.decay + batch * (1.0 - self.decay))
        beta = self.variables.get(f"{key}/beta")
        return tf.nn.batch_normalization(
            x, mean, variance, beta, self.variables[f"{key}/gamma"], self.epsilon
        )


def contrastive_loss(z, temperature):
    """NT-Xent over rows [first views; second views], summed over both directions."""
    z = tf.math.l2_normalize(z, -1)
    a, b = tf.split(z, 2)
    n = a.shape[0]
    hide = tf.one_hot(tf.range(n), n) * 1e9
    across = tf.matmul(a, b, transpose_b=True) / temperature
    rows_a = tf.concat([across, tf.matmul(a, a, transpose_b=True) / temperature - hide], 1)
    rows_b = tf.concat(
        [tf.transpose(across), tf.matmul(b, b, transpose_b=True) / temperature - hide], 1
    )
    positives = tf.range(n)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits
    return tf.reduce_mean(each(positives, rows_a) + each(positives, rows_b))


def pretraining_losses(network, images, labels, temperature, decayed, weight_decay):
    """Contrastive, probe and total loss of a batch (n, 32, 32, 6) as pretraining takes them."""
    views = tf.concat(tf.split(images, 2, -1), 0)
    h = network.encode(views)
    contrastive = contrastive_loss(network.project(h), temperature)
    logits = network.classify(tf.stop_gradient(h))
    twice = tf.concat([labels, labels], 0)
    probe = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(twice, logits))
    decay = weight_decay * tf.add_n([tf.nn.l2_loss(v) for v in decayed])
    return contrastive, probe, contrastive + probe + decay
