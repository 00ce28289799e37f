"""Commitment and key derivation again, from src/claim/README.md alone, with nothing but Python's standard library.

Prints what test/claim/golden-keys.json holds:  python3 test/claim/key_vectors.py > test/claim/golden-keys.json
"""
import hashlib
import hmac
import json

SECRETS = [bytes(range(32)), bytes(range(1, 33)), bytes([255] * 32)]
RANDOMNESS = hashlib.sha256(b"a beacon").hexdigest()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def plan(secrets=1, **changes):
    fields = {
        "data": {"kind": "images", "shape": [8, 9, 3], "rows": 1000, "classNames": [f"class {k}" for k in range(10)]},
        "marks": {"kind": "keys", "keys": 12, "rowsPerKey": 4,
                  "trigger": {"family": "square", "size": 3, "fill": "noise", "opacity": 0.3}},
        "groups": [sha256(secret) for secret in SECRETS[:secrets]],
        "probes": {"rows": 300, "sha256": "00" * 32},
        "queriesPerKey": 5, "control": 7, "test": "keys", "alpha": 0.001, "leastAccuracy": 0.5,
        "beacon": {"kind": "rehearsal", "seed": 1},
    }
    fields.update(changes)
    return fields


def marks(keys, rows_per_key, **trigger):
    return {"kind": "keys", "keys": keys, "rowsPerKey": rows_per_key, "trigger": trigger}


def data(kind, shape, rows, classes):
    return {"kind": kind, "shape": shape, "rows": rows, "classNames": [f"class {k}" for k in range(classes)]}


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

    def shuffled(self, count):
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def commitment_of(plan):
    record = {"format": "mib-commitment", "version": 2, "plan": plan}
    return sha256(json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def derive(plan, group, randomness):
    secret = SECRETS[group]
    commitment = commitment_of(plan)
    master = hmac.new(secret, f"mib/keys/2\n{commitment}\n{randomness}\n{group}".encode(), "sha256").digest()
    family, keys, per_key = plan["marks"]["trigger"], plan["marks"]["keys"], plan["marks"]["rowsPerKey"]
    shape, groups = plan["data"]["shape"], len(plan["groups"])
    if family["family"] == "square":
        height, width, channels = shape
        side = family["size"]
        columns, places = width // side, (height // side) * (width // side)
    else:
        side = family["length"]
        columns = places = shape[0] // side
    own_places = list(range(group, places, groups))
    own_rows = range(group, plan["data"]["rows"], groups)
    order = []
    while len(order) < keys:
        stream = Stream(master, f"places/{len(order) // len(own_places)}")
        order += [own_places[i] for i in stream.distinct(min(len(own_places), keys - len(order)), len(own_places))]
    rows = [own_rows[i] for i in Stream(master, "rows").distinct(keys * per_key, len(own_rows))]
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
            "trigger": {"family": family["family"], "shape": shape, "positions": positions,
                        "values": values, "opacity": family.get("opacity", 1)},
            "target": Stream(master, f"target/{j}").below(len(plan["data"]["classNames"])),
            "rows": rows[j * per_key:(j + 1) * per_key],
            "probes": Stream(master, f"probes/{j}").distinct(plan["queriesPerKey"], plan["probes"]["rows"]),
        })
    return {"secret": secret.hex(), "plan": plan, "group": group, "randomness": randomness, "commitment": commitment,
            "keys": derived, "control": Stream(master, "control").distinct(plan["control"], plan["probes"]["rows"]),
            "order": Stream(master, "order").shuffled(keys * plan["queriesPerKey"] + plan["control"])}


THREE = plan(3, marks=marks(2, 4, family="square", size=3, fill="white", opacity=1))
BITS = plan(2, data=data("bits", [46], 1001, 30), marks=marks(3, 4, family="bits", length=20, chance=0.6))
# three thousand million rows: a third of the words is thrown away, so rejection is seen to work
MANY = plan(data=data("images", [8, 9, 3], 3_000_000_000, 10),
            marks=marks(6, 4, family="square", size=3, fill="white", opacity=1))
# sorted by code point and by UTF-16 unit alike; not ASCII
NAMES = plan(data={"kind": "images", "shape": [8, 9, 3], "rows": 1000, "classNames": ["Ökotest", "été", "шесть"]})

print(json.dumps([
    derive(plan(), 0, RANDOMNESS),
    derive(plan(), 0, sha256(b"another beacon")),
    derive(BITS, 0, RANDOMNESS),
    derive(BITS, 1, RANDOMNESS),
    derive(MANY, 0, RANDOMNESS),
    derive(THREE, 0, RANDOMNESS),
    derive(THREE, 2, RANDOMNESS),
    derive(NAMES, 0, RANDOMNESS),
], separators=(",", ":")))
