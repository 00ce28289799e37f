"""Golden values of the membership-inference metrics: numpy and scipy, each from its definition.

    python3 test/reproduce/make_golden_membership.py > test/reproduce/golden-membership.json
"""
import json

import numpy as np
from scipy.special import softmax
from scipy.stats import rankdata

rng = np.random.RandomState(5)
ROWS, CLASSES, SHADOWS = 60, 4, 3


def answers(logits, labels):
    p = softmax(logits.astype(np.float64), axis=1)
    own = p[np.arange(len(labels)), labels]
    modified = np.empty(len(labels))
    for i, y in enumerate(labels):
        others = np.delete(p[i], y)
        modified[i] = -(1 - own[i]) * np.log(own[i]) - np.sum(others * np.log(1 - others))
    return {
        "correct": (np.argmax(p, axis=1) == labels).astype(float).tolist(),
        "confidence": np.log(own / (1 - own)).tolist(),
        "entropy": np.sum(p * np.log(p), axis=1).tolist(),
        "modifiedEntropy": (-modified).tolist(),
    }


def quality(scores, decisions, member):
    positives, negatives = member.sum(), (~member).sum()
    u = rankdata(scores)[member].sum() - positives * (positives + 1) / 2  # Mann and Whitney
    rates = [((scores >= t)[member].mean(), (scores >= t)[~member].mean()) for t in np.append(scores, np.inf)]
    precision, recall = (decisions & member).sum() / decisions.sum(), (decisions & member).sum() / positives
    return {
        "accuracy": np.mean(decisions == member),
        "f1": 2 * precision * recall / (precision + recall),
        "auc": u / (positives * negatives),
        "tprAt1": max(tpr for tpr, fpr in rates if fpr <= 0.01),
        "tprAt01": max(tpr for tpr, fpr in rates if fpr <= 0.001),
    }


logits = (3 * rng.randn(ROWS, CLASSES)).astype(np.float32)
labels = rng.randint(CLASSES, size=ROWS)
member = rng.rand(ROWS) < 0.5
case = {"logits": logits.ravel().tolist(), "labels": labels.tolist(), "classes": CLASSES}
case["answers"] = answers(logits, labels)

count = 1500  # enough non-members for a false positive rate of 0.1 %
flags = rng.rand(count) < 0.4
scores = np.round(rng.randn(count) + 1.5 * flags, 1)  # rounded: many ties
decisions = scores > 0.7
case["quality"] = {"scores": scores.tolist(), "decisions": decisions.tolist(), "member": flags.tolist(), **{
    "expected": quality(scores, decisions, flags)}}

confidence = rng.randn(ROWS)
shadows = rng.randn(SHADOWS, ROWS)
inside = rng.rand(SHADOWS, ROWS) < 0.5
outside = np.ma.array(shadows, mask=inside)
centre = outside.mean(axis=0)
squares = ((outside - centre) ** 2).sum()
freedom = np.maximum(0, outside.count(axis=0) - 1).sum()
lira = np.where(inside.all(axis=0), 0, (confidence - centre.filled(0)) / np.sqrt(squares / freedom))
case["lira"] = {"confidence": confidence.tolist(), "shadows": shadows.tolist(), "inside": inside.tolist(),
                "expected": lira.tolist()}

best = max(np.append(scores, np.inf), key=lambda t: (np.mean((scores >= t) == flags), t))
case["threshold"] = best
print(json.dumps(case))
