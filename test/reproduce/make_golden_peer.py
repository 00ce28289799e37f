"""Golden values of the membership attacks by peers: a scikit-learn network on Location-30, scikit-learn's metrics.

    MIB_DATA_MIRROR=folder python3 test/reproduce/make_golden_peer.py > test/reproduce/golden-peer.json

Needs numpy, scikit-learn (written with 1.9) and adversarial-robustness-toolbox, whose rule-based attack decides by
correctness. The network is trained on 1,000 rows; 150 of them and 150 others are asked about. Its
probabilities are written as logarithms in float32, and everything is computed from what was written.
"""
import json
import os
import tarfile
import warnings

import numpy as np
from art.attacks.inference.membership_inference import MembershipInferenceBlackBoxRuleBased
from art.estimators.classification import BlackBoxClassifier
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score
from sklearn.neural_network import MLPClassifier

with tarfile.open(os.path.join(os.environ["MIB_DATA_MIRROR"], "dataset_location.tgz")) as archive:
    lines = archive.extractfile("bangkok").read().decode().splitlines()
table = np.array([line.replace('"', "").split(",") for line in lines], dtype=np.int64)
x, y = table[:, 1:].astype(np.float32), table[:, 0] - 1
order = np.random.RandomState(1).permutation(len(x))
inside, outside = order[:1000], order[1000:2000]
warnings.simplefilter("ignore")
network = MLPClassifier((64,), max_iter=40, random_state=1).fit(x[inside], y[inside])
assert len(network.classes_) == 30

rows = np.concatenate([inside[:150], outside[:150]])
member = np.arange(300) < 150
logits = np.log(np.maximum(network.predict_proba(x[rows]), 1e-30)).astype(np.float32)
logits = np.array([[float(f"{v:.6g}") for v in row] for row in logits], dtype=np.float32)
p = np.exp(logits.astype(np.float64))
p /= p.sum(axis=1, keepdims=True)
own = p[np.arange(300), y[rows]]
others = p.copy()
others[np.arange(300), y[rows]] = 0
scores = {
    "confidence": np.log(own / (1 - own)),
    "entropy": np.sum(p * np.log(p), axis=1),
    "modified entropy": (1 - own) * np.log(own) + np.sum(others * np.log1p(-others), axis=1),
}
answers = {row.tobytes(): answer for row, answer in zip(x[rows], p)}
box = BlackBoxClassifier(lambda xs: np.array([answers[row.tobytes()] for row in xs]), (446,), 30)
decided = MembershipInferenceBlackBoxRuleBased(box).infer(x[rows], y[rows]) == 1
expected = {"correctness": {"accuracy": accuracy_score(member, decided), "f1": f1_score(member, decided)}}
for name, values in scores.items():
    expected[name] = {"auc": roc_auc_score(member, values)}
print(json.dumps({"logits": [float(f"{v:.6g}") for v in logits.ravel()], "labels": y[rows].tolist(),
                  "decisions": decided.astype(bool).tolist(), "expected": expected}))
