"""Replays models and trainings in PyTorch and writes golden-torch.json: python3 make_golden_torch.py

Our generator draws what numpy's RandomState draws, so nothing but results need be stored: weights, order of
samples, flips and dropout masks are drawn here again, in PyTorch's own layouts and with PyTorch's own layers
and optimizer. Made with PyTorch 1.13.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

torch.set_num_threads(1)


def stream(seed, name):
    return np.random.RandomState([seed, *name.encode()])


class Mlp(nn.Module):
    def __init__(self, shape, classes, width):
        super().__init__()
        self.first = nn.Linear(math.prod(shape), width)
        self.second = nn.Linear(width, width // 2)
        self.last = nn.Linear(width // 2, classes)

    def forward(self, x):
        x = F.relu(self.second(F.relu(self.first(x.flatten(1)))))
        if self.training:
            words = -(-x.numel() // 32)
            drawn = np.array([self.dropout.randint(0, 2**32, dtype=np.uint32) for _ in range(words)], dtype="<u4")
            bits = np.unpackbits(drawn.view(np.uint8), bitorder="little")[: x.numel()]
            x = x * torch.tensor(bits * 2.0, dtype=torch.float32).reshape(x.shape)
        return self.last(x)


def channels_last(x):
    return x.permute(0, 2, 3, 1).flatten(1)


class Cnn(nn.Module):
    def __init__(self, shape, classes, width):
        super().__init__()
        self.first = nn.Conv2d(shape[2], width, 3, padding=1)
        self.second = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.third = nn.Linear(shape[0] // 4 * (shape[1] // 4) * 2 * width, 4 * width)
        self.last = nn.Linear(4 * width, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.max_pool2d(F.relu(self.second(x)), 2)
        return self.last(F.relu(self.third(channels_last(x))))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, counts, shape, classes, width):
        super().__init__()
        self.conv1 = nn.Conv2d(shape[2], width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        blocks, inputs = [], width
        for stage, count in enumerate(counts):
            for i in range(count):
                outputs = width * 2**stage
                blocks.append(Block(inputs, outputs, 2 if stage and not i else 1))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.linear(F.avg_pool2d(x, x.shape[-1]).flatten(1))


class Vgg16(nn.Module):
    def __init__(self, shape, classes, width):
        super().__init__()
        layers, inputs = [], shape[2]
        for multiple in [1, 1, "M", 2, 2, "M", 4, 4, 4, "M", 8, 8, 8, "M", 8, 8, 8, "M"]:
            if multiple == "M":
                layers.append(nn.MaxPool2d(2, 2))
                continue
            outputs = width * multiple
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


ARCHITECTURES = {
    "mlp": Mlp,
    "cnn": Cnn,
    "resnet18": lambda *a: ResNet([2, 2, 2, 2], *a),
    "resnet34": lambda *a: ResNet([3, 4, 6, 3], *a),
    "vgg16": Vgg16,
}


def to_ours(tensor):
    """OIHW to HWIO, [out, in] to [in, out]."""
    return tensor.permute(2, 3, 1, 0) if tensor.dim() == 4 else tensor.T if tensor.dim() == 2 else tensor


def from_ours(array):
    tensor = torch.tensor(array.astype(np.float32))
    return tensor.permute(3, 2, 0, 1) if tensor.dim() == 4 else tensor.T if tensor.dim() == 2 else tensor


def start(model, name, seed):
    """PyTorch's default distributions (for VGG those of the authors' code), drawn in our order."""
    random = stream(seed, "weights")
    for module in model.modules():
        if not isinstance(module, (nn.Conv2d, nn.Linear)):
            continue
        shape = to_ours(module.weight).shape
        fan_in = math.prod(shape[:-1])
        if name == "vgg16":
            deviation = 0.01 if len(shape) == 2 else math.sqrt(2 / (9 * shape[-1]))
            module.weight.data = from_ours(random.standard_normal(tuple(shape)) * deviation)
            module.bias.data.zero_()
            continue
        bound = 1 / math.sqrt(fan_in)
        module.weight.data = from_ours((2 * random.random_sample(tuple(shape)) - 1) * bound)
        if module.bias is not None:
            module.bias.data = from_ours((2 * random.random_sample(shape[-1]) - 1) * bound)


def variables(model):
    buffers = [b for name, b in model.named_buffers() if "num_batches" not in name]
    return [p.data for p in model.parameters()] + buffers


def samples(seed, count, shape, classes):
    random = np.random.RandomState(seed)
    largest = 256 if len(shape) == 3 else 2
    x = np.floor(random.random_sample((count, *shape)) * largest).astype(np.uint8)
    y = np.floor(random.random_sample(count) * classes).astype(np.int64)
    x = torch.tensor(x.astype(np.float32))
    return (x.permute(0, 3, 1, 2) / 255 if len(shape) == 3 else x), torch.tensor(y)


def forward(name, shape, width):
    """Logits in evaluation mode, all weights and running statistics moved away from 0 and 1."""
    model = ARCHITECTURES[name](shape, 5, width)
    start(model, name, 1)
    random = np.random.RandomState(2)
    for tensor in variables(model):
        moved = to_ours(tensor).numpy() + 0.2 * (random.random_sample(tuple(to_ours(tensor).shape)) - 0.5)
        tensor.copy_(from_ours(moved))
    model.eval()
    with torch.no_grad():
        logits = model(samples(3, 4, shape, 5)[0])
    return {"name": name, "shape": shape, "width": width, "logits": logits.flatten().tolist()}


def training(name, shape, width, **options):
    """A whole training: losses by epoch and the sums of each variable and of its squares afterwards."""
    seed, count = 4, 22
    model = ARCHITECTURES[name](shape, 5, width)
    start(model, name, 1)
    model.train()
    model.dropout, order, flips = (stream(seed, s) for s in ["dropout", "order", "flip"])
    x, y = samples(3, count, shape, 5)
    rate = options["learningRate"]
    optimizer = torch.optim.SGD(
        model.parameters(), rate, momentum=options["momentum"], weight_decay=options["weightDecay"]
    )
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, options["schedule"], options["gamma"])
    losses = []
    for _ in range(options["epochs"]):
        total = 0
        for rows in torch.tensor(order.permutation(count)).split(options["batchSize"]):
            batch = x[rows]
            if options["flip"]:
                mirrored = torch.tensor([flips.randint(0, 2) == 1 for _ in rows])
                batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
            loss = F.cross_entropy(model(batch), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        scheduler.step()
        losses.append(total / count)
    moments = [[t.double().sum().item(), t.double().square().sum().item()] for t in variables(model)]
    model.eval()
    logits = model(x).flatten().tolist()
    return {
        "name": name, "shape": shape, "width": width, "options": {"seed": seed, **options},
        "losses": losses, "moments": moments, "logits": logits,
    }  # fmt: skip


ordinary = dict(
    epochs=4, batchSize=8, learningRate=0.05, schedule=[2, 3], gamma=0.5, momentum=0.9, weightDecay=0.01, flip=False
)
golden = {
    "parameters": {
        name: sum(p.numel() for p in ARCHITECTURES[name](shape, classes, width).parameters())
        for name, shape, classes, width in [
            ("mlp", [446], 30, 256),
            ("cnn", [28, 28, 1], 10, 16),
            ("resnet18", [32, 32, 3], 10, 64),
            ("resnet34", [32, 32, 3], 10, 64),
            ("vgg16", [32, 32, 3], 10, 64),
        ]
    },
    "forward": [
        forward("mlp", [30], 16),
        forward("cnn", [12, 12, 3], 4),
        forward("resnet18", [16, 16, 3], 4),
        forward("resnet34", [16, 16, 3], 4),
        forward("vgg16", [32, 32, 3], 4),
    ],
    "training": [
        training("mlp", [30], 16, **ordinary),
        training("mlp", [30], 16, **{**ordinary, "momentum": 0, "weightDecay": 0}),
        training("cnn", [12, 12, 3], 4, **{**ordinary, "flip": True}),
        # faster or in smaller batches, batch norm blows rounding errors of 1e-7 up to 1e-2 within two epochs
        training("resnet18", [16, 16, 3], 2, **{**ordinary, "epochs": 2, "batchSize": 11, "learningRate": 0.01}),
    ],
}
Path(__file__).with_name("golden-torch.json").write_text(json.dumps(golden) + "\n")
