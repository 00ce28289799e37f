"""Golden values of Location-30 and its split: `python3 make_golden_location30.py dataset_location.tgz > golden-location30.json`.

The split is replayed with numpy: MT19937 keyed by the seed and the bytes of "split", the first 80 % for training.
"""
import csv, hashlib, io, json, sys, tarfile
import numpy as np

with tarfile.open(sys.argv[1]) as archive:
    text = io.TextIOWrapper(archive.extractfile("bangkok"), encoding="ascii")
    table = np.array([[int(field) for field in row] for row in csv.reader(text)])
x, y = table[:, 1:].astype(np.uint8), (table[:, 0] - 1).astype(np.uint8)

def part(rows):
    sha256 = lambda array: hashlib.sha256(array.tobytes()).hexdigest()
    return {"count": len(rows), "x": sha256(x[rows]), "y": sha256(y[rows])}

def split(seed):
    order = np.random.RandomState(np.array([seed, *b"split"], dtype=np.uint32)).permutation(len(y))
    size = len(y) * 8 // 10
    return {"seed": seed, "train": part(order[:size]), "test": part(order[size:])}

print(json.dumps({
    "rows": len(y), "features": x.shape[1], "classCounts": np.bincount(y).tolist(),
    "splits": [split(0), split(7)],
}, indent=1))
