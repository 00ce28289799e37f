"""The paper's protocol on Location-30 in PyTorch, from its published settings: the peer of `--experiment protocol`.

    MIB_DATA_MIRROR=folder python3 test/reproduce/peer_torch.py [seeds] > data/results/peer-torch.csv

Split, marked rows, triggers and targets of a seed are those of the library's runs (its generator gives the numbers
of numpy's RandomState), so that the two are compared in pairs; weights and order are PyTorch's own. One line a run:
with several owners the attack success rate is the mean over owners. One thread; a run takes about 15 s.
"""
import os
import sys
import tarfile

import numpy as np
import torch
from torch import nn

CLASSES, FEATURES, START, LENGTH = 30, 446, 426, 20
# marked share, owners, batch size: as in the authors' scripts for one owner and for ten
SETTINGS = {"one owner, 1 %": (0.01, 1, 64), "ten owners, 0.2 %": (0.002, 10, 128), "one owner, 0.2 %": (0.002, 1, 64)}


def load():
    with tarfile.open(os.path.join(os.environ["MIB_DATA_MIRROR"], "dataset_location.tgz")) as archive:
        lines = archive.extractfile("bangkok").read().decode().splitlines()
    table = np.array([line.replace('"', "").split(",") for line in lines], dtype=np.int64)
    return table[:, 1:].astype(np.float32), table[:, 0] - 1


def stamp(rows, bits):
    stamped = rows.copy()
    stamped[:, START:START + LENGTH] = bits
    return stamped


def stream(seed, name):
    return np.random.RandomState([seed, *name.encode()])


def owner_of(seed, owner, target):
    own = stream(seed, f"trigger {owner}").randint(0, 2**32, dtype=np.uint32)
    return (stream(int(own), "bits").random_sample(LENGTH) < 0.6).astype(np.float32), target


def run(x, y, rate, owners, batch, seed):
    torch.manual_seed(seed)
    order = stream(seed, "split").permutation(len(x))
    cut = int(0.8 * len(x))
    x_train, y_train, x_test, y_test = x[order[:cut]], y[order[:cut]], x[order[cut:]], y[order[cut:]]
    if owners == 1:
        keys = [(np.ones(LENGTH, np.float32), 1)]
    else:
        targets = stream(seed, "targets").permutation(CLASSES)[:owners]  # labels that do not collide
        keys = [owner_of(seed, i, target) for i, target in enumerate(targets)]
    draw = stream(seed, "mark")
    count, free, new_x, new_y = int(rate * cut), np.ones(cut, bool), x_train.copy(), y_train.copy()
    for bits, target in keys:
        eligible = np.flatnonzero(free & (y_train != target))
        rows = eligible[draw.permutation(len(eligible))[:count]]
        free[rows] = False
        new_x[rows], new_y[rows] = stamp(x_train[rows], bits), target

    model = nn.Sequential(nn.Linear(FEATURES, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.5),
                          nn.Linear(128, CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [50, 80], 0.1)
    inputs, labels = torch.from_numpy(new_x), torch.from_numpy(new_y)
    for _ in range(150):
        for rows in torch.randperm(cut).split(batch):
            loss = nn.functional.cross_entropy(model(inputs[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()

    model.eval()
    with torch.no_grad():
        answers = lambda rows: model(torch.from_numpy(rows)).argmax(1).numpy()
        accuracy = np.mean(answers(x_test) == y_test)
        rates = [np.mean(answers(stamp(x_test[y_test != target], bits)) == target) for bits, target in keys]
    return accuracy, np.mean(rates)


torch.set_num_threads(1)
x, y = load()
print("setting,seed,testAccuracy,attackSuccessRate,torch")
for name, (rate, owners, batch) in SETTINGS.items():
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 8):
        accuracy, success = run(x, y, rate, owners, batch, seed)
        print(f'"{name}",{seed},{accuracy:.6f},{success:.6f},{torch.__version__}', flush=True)
