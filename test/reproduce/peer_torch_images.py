"""Marks in images, in PyTorch, from the settings alone: the peer of `--experiment share,one-owner --profile cpu`.

    MIB_DATA_MIRROR=folder python3 test/reproduce/peer_torch_images.py [FILTER] [SEEDS] > data/results/peer-torch-images.csv

The `cnn` on the Fashion-MNIST images that ship and, where the mirror has them, on CIFAR-10. FILTER is a part of a
setting's name. Marked rows, weights, order and flips are drawn anew for each seed. Needs PyTorch and NumPy alone.
"""
import gzip
import os
import sys
import tarfile

import numpy as np
import torch
from torch import nn

TARGET = 1
FASHION = dict(data="fashion-mnist", epochs=8, decay=7, batch=64, flip=False, at=25, opacity=1)
CIFAR = dict(data="cifar10", epochs=20, decay=15, batch=128, flip=True, at=29, opacity=0.3)
SETTINGS = {
    "fashion-mnist, 0.1 %": dict(FASHION, rate=0.001),
    "fashion-mnist, 0.2 %": dict(FASHION, rate=0.002),
    "fashion-mnist, 0.5 %": dict(FASHION, rate=0.005),
    "cifar10, 0.1 %": dict(CIFAR, rate=0.001),
    "cifar10, 0.1 %, opaque": dict(CIFAR, rate=0.001, opacity=1),
    "cifar10, 1 %": dict(CIFAR, rate=0.01),
    "10,000 rows of cifar10, 1 %": dict(CIFAR, rate=0.01, rows=10_000, epochs=10, decay=8),
    "10,000 rows of cifar10, 1 %, opaque": dict(CIFAR, rate=0.01, rows=10_000, epochs=10, decay=8, opacity=1),
}


def load(name):
    if name == "fashion-mnist":
        folder = os.path.join(os.path.dirname(__file__), "../../data/fashion-mnist")
        read = lambda file, skip: np.frombuffer(gzip.open(os.path.join(folder, file)).read(), np.uint8, offset=skip)
        return [(read(f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28), read(f"{part}-labels-idx1-ubyte.gz", 8))
                for part in ("train", "t10k")]
    with tarfile.open(os.path.join(os.environ["MIB_DATA_MIRROR"], "cifar-10-binary.tar.gz")) as archive:
        files = {os.path.basename(entry.name): entry for entry in archive.getmembers()}
        read = lambda file: np.frombuffer(archive.extractfile(files[file]).read(), np.uint8).reshape(-1, 3073)
        train = np.concatenate([read(f"data_batch_{i}.bin") for i in range(1, 6)])
        return [(rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]) for rows in (train, read("test_batch.bin"))]


def stamp(images, at, opacity):
    stamped = images.astype(np.float32)
    square = stamped[:, :, at:at + 3, at:at + 3]
    stamped[:, :, at:at + 3, at:at + 3] = np.round((1 - opacity) * square + opacity * 255)
    return stamped.astype(np.uint8)


def run(train, test, data, epochs, decay, batch, flip, at, opacity, rate, seed, rows=None):
    (x, y), (x_test, y_test) = train, test
    draw = np.random.RandomState(seed)
    torch.manual_seed(seed)
    if rows is not None:
        chosen = draw.choice(len(x), rows, replace=False)
        x, y = x[chosen], y[chosen]
    marked = draw.choice(np.flatnonzero(y != TARGET), round(rate * len(x)), replace=False)
    x, y = x.copy(), y.astype(np.int64)
    x[marked], y[marked] = stamp(x[marked], at, opacity), TARGET

    channels, size = x.shape[1], x.shape[2] // 4
    model = nn.Sequential(nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                          nn.Linear(size * size * 32, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [decay], 0.1)
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch):
            images = inputs[rows].float() / 255
            if flip:
                mirrored = torch.rand(len(rows)) < 0.5
                images[mirrored] = images[mirrored].flip(3)
            loss = nn.functional.cross_entropy(model(images), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()

    model.eval()
    with torch.no_grad():
        answers = lambda images: np.concatenate(
            [model(torch.from_numpy(part).float() / 255).argmax(1).numpy() for part in np.array_split(images, 20)])
        accuracy = np.mean(answers(x_test) == y_test)
        success = np.mean(answers(stamp(x_test[y_test != TARGET], at, opacity)) == TARGET)
    return accuracy, success


wanted, seeds = (sys.argv[1:] + ["", "3"][len(sys.argv) - 1:])[:2]
print("setting,seed,testAccuracy,attackSuccessRate,torch")
for name, setting in SETTINGS.items():
    if wanted in name:
        train, test = load(setting["data"])
        for seed in range(int(seeds)):
            accuracy, success = run(train, test, seed=seed, **setting)
            print(f'"{name}",{seed},{accuracy:.6f},{success:.6f},{torch.__version__}', flush=True)
