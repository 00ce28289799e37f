"""Key derivation again, from its description alone, with nothing but Python's standard library.

Prints what test/claim/golden-keys.json holds:  python3 test/claim/key_vectors.py > test/claim/golden-keys.json
"""
import hashlib
import hmac
import json

PROBES = {"rows": 300, "sha256": "00" * 32}
IMAGES = {
    "dataset": "images", "classes": 10, "shape": [8, 9, 3], "rows": 1000, "keys": 12, "rowsPerKey": 4,
    "trigger": {"family": "square", "size": 3, "fill": "noise", "opacity": 0.3}, "queriesPerKey": 5, "probes": PROBES,
    "alpha": 0.001, "randomness": "drand quicknet, round 12345678",
}
BITS = dict(IMAGES, dataset="bits", classes=30, shape=[46], keys=3,
            trigger={"family": "bits", "length": 20, "chance": 0.6})
# three thousand million rows: a third of the words is thrown away, so rejection is seen to work
WHITE = dict(IMAGES, keys=6, rows=3_000_000_000, trigger={"family": "square", "size": 3, "fill": "white", "opacity": 1})
RANDOMNESS = "drand quicknet 12345678 6b3f5a3c0d2e"


class Stream:
    def __init__(self, master, purpose):
        self.words = self.generate(master, purpose)

    @staticmethod
    def generate(master, purpose):
        block = 0
        while True:
            digest = hmac.new(master, f"{purpose}/{block}".encode(), "sha256").digest()
            yield from (int.from_bytes(digest[i:i + 4], "big") for i in range(0, 32, 4))
            block += 1

    def below(self, bound):
        limit = 2**32 // bound * bound
        return next(word for word in self.words if word < limit) % bound

    def distinct(self, count, bound):
        drawn = []
        while len(drawn) < count:
            value = self.below(bound)
            if value not in drawn:
                drawn.append(value)
        return drawn


def canonical(record):
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def derive(secret, plan, randomness):
    commitment = hashlib.sha256(canonical({
        "format": "mib-commitment", "version": 1, "plan": plan,
        "secretSha256": hashlib.sha256(secret).hexdigest(),
    })).hexdigest()
    master = hmac.new(secret, f"mib/keys/1\n{commitment}\n{randomness}".encode(), "sha256").digest()
    family, keys, per_key = plan["trigger"], plan["keys"], plan["rowsPerKey"]
    if family["family"] == "square":
        height, width, channels = plan["shape"]
        side = family["size"]
        columns, places = width // side, (height // side) * (width // side)
    else:
        side = family["length"]
        columns = places = plan["shape"][0] // side
    order = []
    while len(order) < keys:
        stream = Stream(master, f"places/{len(order) // places}")
        order += stream.distinct(min(places, keys - len(order)), places)
    rows = Stream(master, "rows").distinct(keys * per_key, plan["rows"])
    derived = []
    for j, place in enumerate(order):
        top, left = place // columns * side, place % columns * side
        pattern = Stream(master, f"pattern/{j}")
        if family["family"] == "square":
            positions = [((top + y) * width + left + x) * channels + c
                         for y in range(side) for x in range(side) for c in range(channels)]
            pixels = [255 * pattern.below(2) if family["fill"] == "noise" else 255 for _ in range(side * side)]
            values = [pixel for pixel in pixels for _ in range(channels)]
        else:
            positions = [left + i for i in range(side)]
            values = [int(next(pattern.words) < family["chance"] * 2**32) for _ in positions]
        derived.append({
            "trigger": {"family": family["family"], "shape": plan["shape"], "positions": positions,
                        "values": values, "opacity": family.get("opacity", 1)},
            "target": Stream(master, f"target/{j}").below(plan["classes"]),
            "rows": rows[j * per_key:(j + 1) * per_key],
            "probes": Stream(master, f"probes/{j}").distinct(plan["queriesPerKey"], plan["probes"]["rows"]),
        })
    return {"secret": secret.hex(), "plan": plan, "publicRandomness": randomness, "commitment": commitment,
            "keys": derived}


print(json.dumps([
    derive(bytes(range(32)), IMAGES, RANDOMNESS),
    derive(bytes(range(32)), BITS, RANDOMNESS),
    derive(bytes(range(32)), WHITE, RANDOMNESS),
    derive(bytes(range(1, 33)), IMAGES, RANDOMNESS),
    derive(bytes(range(32)), IMAGES, RANDOMNESS + "!"),
], separators=(",", ":")))
