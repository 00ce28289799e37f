"""Golden values of data/fashion-mnist: `python3 test/data/make_golden_fashion_mnist.py > test/data/golden-fashion-mnist.json`."""
import gzip, hashlib, json, os
from collections import Counter

FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "data", "fashion-mnist")

def part(prefix):
    read = lambda name: gzip.open(os.path.join(FOLDER, prefix + name)).read()
    pixels, labels = read("-images-idx3-ubyte.gz")[16:], read("-labels-idx1-ubyte.gz")[8:]
    images = [pixels[i * 784:(i + 1) * 784] for i in range(len(labels))]
    counts = Counter(labels)
    return {
        "count": len(labels), "classCounts": [counts[label] for label in range(10)],
        "pixels": hashlib.sha256(pixels).hexdigest(), "labels": hashlib.sha256(labels).hexdigest(),
        "distinct": len(set(images)), "firstLabels": list(labels[:10]), "sum": sum(pixels),
    }

print(json.dumps({"train": part("train"), "test": part("t10k")}, indent=1))
