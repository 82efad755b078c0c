"""The product's probes of ready features against scikit-learn and NumPy."""

import json
import os

import numpy as np
from sklearn import datasets
from sklearn.linear_model import LogisticRegression, Ridge

import product
from product import Failed

SPLITS = ("train", "test")


def register(check):
    check("probe-logreg")(logreg)
    check("probe-logreg-multilabel")(multilabel)
    check("probe-knn")(knn)
    check("probe-ridge")(ridge)


def hold(condition, message):
    if not condition:
        raise Failed(message)


def logreg(scratch):
    """The objective at the optimum is scikit-learn's: on pixels, on measures of very different
    scales, and on many features of which most say nothing."""
    worst = 0.0
    for name, (x, y, count) in sets().items():
        flags, (train, labels), _ = written(scratch, name, x, y, count)
        for l2 in (1e-5, 1e-2, 1.0):
            ours = probe("logreg", flags, f"--l2={l2}")
            theirs = optimum(train, labels, l2)
            off = abs(ours["objective"] / theirs - 1)
            worst = max(worst, off)
            hold(
                off <= 1e-4,
                f"{name}, l2 {l2}: objective {ours['objective']}, scikit-learn's {theirs}",
            )
    return f"9 optima, objectives at most {worst:.1e} apart"


def multilabel(scratch):
    """Each class against the rest is scikit-learn's, and the 11-point mAP that of the scores."""
    x, y = datasets.make_multilabel_classification(
        900, 30, n_classes=5, n_labels=2, allow_unlabeled=True, random_state=2
    )
    y = y.astype(bool)
    worst = 0.0
    for l2 in (1e-3, 1e-1):
        flags, (train, labels), (_, truth) = written(scratch, "multi", x, y, 600, bool)
        out = os.path.join(scratch, f"multi-{l2}")
        ours = probe("logreg", flags, f"--l2={l2}", f"--output={out}")
        for c, found in enumerate(ours["fit"]["objectives"]):
            # Two opposite columns of weights: a penalty of l2/4 |w|^2 on their difference w.
            theirs = one_against_rest(train, labels[:, c], l2 / 2)
            off = abs(found / theirs - 1)
            worst = max(worst, off)
            hold(
                off <= 1e-4,
                f"class {c}, l2 {l2}: objective {found}, scikit-learn's {theirs}",
            )
        scores = np.load(os.path.join(out, "scores.npy"))
        hold(scores.shape == truth.shape, f"scores.npy has shape {scores.shape}")
        wanted = np.mean([eleven_points(scores[:, c], truth[:, c]) for c in range(5)])
        hold(
            abs(ours["map_11"] - wanted) <= 1e-6,
            f"l2 {l2}: map_11 {ours['map_11']}, of the scores {wanted}",
        )
    return f"10 optima, objectives at most {worst:.1e} apart; 11-point mAP of the scores"


def one_against_rest(x, y, l2):
    """Mean logistic loss + l2/2 |w|^2 where scikit-learn ends."""
    fit = LogisticRegression(
        C=1 / (l2 * len(x)), tol=1e-10, max_iter=1000, solver="newton-cholesky"
    ).fit(x, y)
    margins = np.where(y, 1, -1) * fit.decision_function(x)
    return float(np.logaddexp(0, -margins).mean() + l2 / 2 * (fit.coef_**2).sum())


def eleven_points(scores, truth):
    """Mean over recalls 0, 0.1, ... 1 of the best precision at that recall or above."""
    thresholds = np.unique(scores)
    taken = [scores >= threshold for threshold in thresholds]
    recalls = np.array([truth[some].sum() / truth.sum() for some in taken])
    precisions = np.array([truth[some].mean() for some in taken])
    return np.mean([precisions[recalls >= r / 10 - 1e-9].max() for r in range(11)])


def knn(scratch):
    """Weighted and uniform votes are those of a search by brute force."""
    x, y, count = sets()["digits"]
    flags, (train, labels), (test, truth) = written(scratch, "digits", x, y, count)
    order, cosines = neighbours(train, test)
    for weighting in ("exp", "uniform"):
        found = probe("knn", flags, "--k=1,5,20,200", f"--weighting={weighting}")
        for row in found["by_k"]:
            k = row["k"]
            weights = np.exp((cosines[:, :k] - 1) / 0.1)
            votes = np.zeros((len(test), 10))
            for i in range(len(test)):
                weight = weights[i] if weighting == "exp" else 1.0
                np.add.at(votes[i], labels[order[i, :k]], weight)
            wanted = float((votes.argmax(1) == truth).mean())
            # Votes of equal weight are added in another order.
            hold(
                abs(row["top_1"] - wanted) <= 1.5 / len(test),
                f"{weighting}, k {k}: top-1 {row['top_1']}, by brute force {wanted}",
            )
    return "4 k, weighted and uniform"


def ridge(scratch):
    """The closed form is scikit-learn's, with more examples than features and with fewer."""
    x, y, count = sets()["digits"]
    worst = 0.0
    for examples in (count, 40):
        flags, (train, labels), (test, truth) = written(
            scratch, f"digits-{examples}", np.concatenate([x[:examples], x[count:]]),
            np.concatenate([y[:examples], y[count:]]), examples,
        )
        one_hot = np.eye(10)[labels]
        for l2 in (1e-3, 1.0):
            ours = probe("ridge", flags, f"--l2={l2}")
            theirs = Ridge(alpha=l2 * examples, solver="cholesky").fit(train, one_hot)
            errors = theirs.predict(train) - one_hot
            objective = (errors**2).sum() / (2 * examples) + l2 / 2 * (theirs.coef_**2).sum()
            off = abs(ours["objective"] / objective - 1)
            worst = max(worst, off)
            hold(off <= 1e-6, f"{examples} examples, l2 {l2}: objectives {off:.1e} apart")
            right = float((theirs.predict(test).argmax(1) == truth).mean())
            hold(
                abs(ours["top_1"] - right) <= 1.5 / len(test),
                f"{examples} examples, l2 {l2}: top-1 {ours['top_1']}, scikit-learn's {right}",
            )
    return f"4 fits, objectives at most {worst:.1e} apart"


def sets():
    """Name to features, labels and the number of training examples."""
    digits, wine = datasets.load_digits(), datasets.load_wine()
    many = datasets.make_classification(
        2500, 200, n_informative=30, n_classes=5, random_state=1
    )
    return {
        "digits": (*mixed(digits.data, digits.target), 1400),
        "wine": (*mixed(wine.data, wine.target), 120),
        "synthetic": (*many, 2000),
    }


def mixed(x, y):
    order = np.random.default_rng(0).permutation(len(x))
    return x[order], y[order]


def written(scratch, name, x, y, count, labels=np.int64):
    """Flags that name the files, and both parts as they were written."""
    x, y = x.astype(np.float32), y.astype(labels)
    flags, parts = [], []
    for split, part in zip(SPLITS, (slice(None, count), slice(count, None))):
        for kind, values in (("features", x[part]), ("labels", y[part])):
            file = os.path.join(scratch, f"{name}-{split}-{kind}.npy")
            np.save(file, values)
            flags.append(f"--{split}_{kind}={file}")
        parts.append((x[part].astype(np.float64), y[part]))
    return flags, *parts


def probe(protocol, flags, *more):
    output = product.simclr("probe", protocol, *flags, *more, "--json")
    return json.loads(next(line for line in output.splitlines() if line.startswith("{")))


def optimum(x, y, l2):
    """Mean cross entropy + l2/2 |W|^2 where scikit-learn ends. Features are centred, which changes
    no optimum as the intercepts are free, since lbfgs needs it to come near on unscaled ones."""
    x = x - x.mean(0)
    fit = LogisticRegression(C=1 / (l2 * len(x)), tol=1e-10, max_iter=100000)
    fit.fit(x, y)
    best = value(fit, x, y, l2)
    if len(x) * x.shape[1] < 200000:
        newton = LogisticRegression(
            C=1 / (l2 * len(x)), tol=1e-10, max_iter=1000, solver="newton-cholesky"
        )
        best = min(best, value(newton.fit(x, y), x, y, l2))
    return best


def value(fit, x, y, l2):
    scores = x @ fit.coef_.T + fit.intercept_
    scores -= scores.max(1, keepdims=True)
    losses = np.log(np.exp(scores).sum(1)) - scores[np.arange(len(y)), y]
    return float(losses.mean() + l2 / 2 * (fit.coef_**2).sum())


def neighbours(train, test):
    def directions(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    cosines = directions(test) @ directions(train).T
    order = np.argsort(-cosines, axis=1, kind="stable")
    return order, np.take_along_axis(cosines, order, 1)
