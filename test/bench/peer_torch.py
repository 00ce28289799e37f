"""The training cases of `npm run bench` in PyTorch, for comparison on the same machine.

    python3 test/bench/peer_torch.py [--filter 'mlp|cnn'] [--repeat 5] [--threads 1,2]
    python3 test/bench/peer_torch.py --pair [--repeat 5]    # control of pair.ts: one process of one thread, or two

Needs PyTorch alone (Debian: python3-torch). Prints the same lines of JSON. PyTorch is shown at its best: the
samples are float tensors before the clock starts, and batches are taken by index, without a DataLoader.
"""

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional


def mlp():
    return nn.Sequential(
        nn.Linear(446, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 30)
    )


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(7 * 7 * 32, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    inputs = 64
    for outputs, stride in [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]:
        layers.append(Block(inputs, outputs, stride))
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


# name: network, shape, classes, samples, batch, epochs, sizes of the sets evaluated every epoch
CASES = {
    "mlp": (mlp, (446,), 30, 6400, 64, 1, ()),
    "cnn": (cnn, (1, 28, 28), 10, 1920, 64, 1, ()),
    "resnet18": (resnet18, (3, 32, 32), 10, 256, 128, 1, ()),
    "location30": (mlp, (446,), 30, 4008, 64, 150, (1002, 970)),
}


def train(network, x, y, batch, epochs, evaluated):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    for _ in range(epochs):
        network.train()
        for rows in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            for samples, labels in evaluated:
                (network(samples).argmax(1) == labels).float().mean().item()


def measure(name, threads, repeat):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    build, shape, classes, count, batch, epochs, sizes = CASES[name]
    noise = lambda size: (torch.randint(0, 2, (size, *shape)).float(), torch.randint(0, classes, (size,)))
    network = build()
    x, y = noise(count)
    evaluated = [noise(size) for size in sizes]
    train(network, x[: 2 * batch], y[: 2 * batch], batch, 1, [])
    rates = []
    for _ in range(repeat):
        start = time.perf_counter()
        train(network, x, y, batch, epochs, evaluated)
        rates.append(count * epochs / (time.perf_counter() - start))
    return {
        "name": name,
        "engine": "pytorch " + torch.__version__,
        "device": f"CPU, {threads} thread{'s' if threads > 1 else ''}",
        "samplesPerSecond": float(f"{statistics.median(rates):.4g}"),
        "peakMemoryMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def worker():
    """Trains once for every line that comes in."""
    torch.set_num_threads(1)
    network, x, y = mlp(), torch.randint(0, 2, (4008, 446)).float(), torch.randint(0, 30, (4008,))
    train(network, x, y, 64, 1, [])
    print("ready", flush=True)
    for _ in sys.stdin:
        train(network, x, y, 64, 150, [])
        print("done", flush=True)


def pair(repeat):
    command = [sys.executable, __file__, "--worker"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(2)]

    def seconds(busy):
        start = time.perf_counter()
        for each in busy:
            each.stdin.write("\n")
            each.stdin.flush()
        for each in busy:
            each.stdout.readline()
        return time.perf_counter() - start

    for each in workers:
        each.stdout.readline()
    times = [(seconds(workers[:1]), seconds(workers)) for _ in range(repeat)]
    for each in workers:
        each.stdin.close()
        each.wait()
    line = {"name": "mlp, two at once", "engine": "pytorch " + torch.__version__, "device": "CPU, 1 thread each"}
    for key, suffix, pick in (("seconds", "ratio", statistics.median), ("fastest", "fastestRatio", min)):
        one, two = map(pick, zip(*times))
        line |= {key: [round(one, 3), round(two, 3)], suffix: float(f"{two / one:.3g}")}
    print(json.dumps(line))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--filter", default="")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--pair", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)  # one side of a pair
    parser.add_argument("--only", help=argparse.SUPPRESS)  # the case of a child process
    options = parser.parse_args()
    if options.worker:
        return worker()
    if options.pair:
        return pair(options.repeat)
    if options.only:
        print(json.dumps(measure(options.only, int(options.threads), options.repeat)))
        return
    for name in CASES:
        for threads in options.threads.split(","):
            if re.search(options.filter, name):
                child = ["--only", name, "--threads", threads, "--repeat", str(options.repeat)]
                subprocess.run([sys.executable, __file__, *child], check=True)


if __name__ == "__main__":
    main()
