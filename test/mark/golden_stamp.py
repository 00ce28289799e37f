"""Writes golden-stamp.json: blending as the authors' TriggerAppending does it, with torch, numpy and PIL.

    x_poisoned = ((1 - alpha) * x + alpha * trigger * 255).astype('uint8')

alpha and trigger are float32, and so are the products. Every byte is blended with some trigger values at
several opacities; a whole image is then stamped to pin down row, column and channel order.
Run: python3 test/mark/golden_stamp.py > test/mark/golden-stamp.json
"""
import json

import numpy as np
import torch
from PIL import Image


def append_trigger(image, trigger, alpha):
    """image: H x W x 3 bytes; trigger: bytes of the same shape, alpha: number per pixel and channel."""
    trigger = torch.tensor(trigger / 255.0, dtype=torch.float).permute(2, 0, 1)
    alpha = torch.tensor(alpha, dtype=torch.float).permute(2, 0, 1)
    trigger = np.array(trigger.clone().detach().permute(1, 2, 0) * 255)
    alpha = np.array(alpha.clone().detach().permute(1, 2, 0))
    pixels = np.array(Image.fromarray(image)).copy()
    pixels = (1 - alpha) * pixels + alpha * trigger
    return np.array(Image.fromarray(pixels.astype("uint8")).convert("RGB"))


def bytes_against(value, opacity):
    image = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    alpha = np.full(image.shape, opacity)
    return append_trigger(image, np.full(image.shape, value), alpha)[:, :, 0].ravel().tolist()


# a byte survives the detour over [0, 1] in float32, or the golden values would mix two roundings
exact = np.array(torch.tensor(np.arange(256) / 255.0, dtype=torch.float) * 255)
values = [v for v in [0, 100, 254, 255] if exact[v] == v]

random = np.random.RandomState(3)
image = random.randint(0, 256, size=(6, 5, 3)).astype(np.uint8)
square = random.randint(0, 256, size=(2, 2, 3))
square = np.where(exact[square] == square, square, 255)
pattern = np.zeros((6, 5, 3))
pattern[3:5, 1:3] = square
alpha = np.zeros((6, 5, 3))
alpha[3:5, 1:3] = 0.3

print(json.dumps({
    "bytes": [
        {"value": value, "opacity": opacity, "blended": bytes_against(value, opacity)}
        for value in values for opacity in [0.05, 0.1, 0.3, 0.5, 0.7, 1.0]
    ],
    "image": {
        "shape": [6, 5, 3], "x": image.ravel().tolist(), "size": 2, "row": 3, "column": 1, "opacity": 0.3,
        "pattern": square.ravel().tolist(),
        "blended": append_trigger(image, pattern, alpha).ravel().tolist(),
    },
}))
