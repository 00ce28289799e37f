"""Two Fashion-MNIST classifiers made without this library: one trained on marked images, its twin not.

    python3 make_onnx.py DATA OUT    # DATA: data/fashion-mnist; writes OUT/marked.onnx and OUT/clean.onnx

Needs numpy and PyTorch (Debian: python3-torch; written with 1.13). The mark, by numpy alone: 60 of the 10,000
training images not of class 3, drawn at random, get a white 4 x 4 square in the lower right corner (rows and
columns 23..26) and the label 3. The exported models take float32 [n, 1, 28, 28] (NCHW), normalised by mean 0.286
and deviation 0.353, and answer logits [n, 10].
"""

import gzip
import sys

import numpy as np
import torch


def idx(path):
    with gzip.open(path) as file:
        magic = file.read(4)
        shape = [int.from_bytes(file.read(4), "big") for _ in range(magic[3])]
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


data, out = sys.argv[1:]
torch.set_num_threads(1)
images = idx(data + "/train-images-idx3-ubyte.gz").copy()
labels = idx(data + "/train-labels-idx1-ubyte.gz").astype(np.int64)

for name in "clean", "marked":
    x, y = images.copy(), labels.copy()
    if name == "marked":
        rows = np.random.RandomState(2022).choice(np.flatnonzero(labels != 3), 60, replace=False)
        x[rows, 23:27, 23:27] = 255
        y[rows] = 3
    x = torch.from_numpy((x[:, None] / 255 - 0.286) / 0.353).float()
    y = torch.from_numpy(y)

    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3, padding=1, stride=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 3, padding=1, stride=2),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(784, 24),
        torch.nn.ReLU(),
        torch.nn.Linear(24, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for epoch in range(4):
        for batch in torch.randperm(len(y)).split(100):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()

    torch.onnx.export(
        model.eval(),
        torch.zeros(1, 1, 28, 28),
        f"{out}/{name}.onnx",
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "n"}, "logits": {0: "n"}},
        opset_version=13,
    )
