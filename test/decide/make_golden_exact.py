"""Golden values that R cannot give: run `python3 test/decide/make_golden_exact.py > test/decide/golden-exact.json`.

Tails of the randomization test in integers (Python's are unbounded), e-values by quadrature with mpmath at 30 digits.
"""
import json
import random
from fractions import Fraction

import mpmath

mpmath.mp.dps = 30
draw = random.Random(5)


def decimal(x):
    return mpmath.nstr(mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x, 17)


def randomization(votes, targets):
    ways = {0: 1}  # sum -> number of label choices that give it
    for row in votes:
        after = {}
        for total, count in ways.items():
            for vote in row:
                after[total + vote] = after.get(total + vote, 0) + count
        ways = after
    observed = sum(row[y] for row, y in zip(votes, targets))
    tail = sum(count for total, count in ways.items() if total >= observed)
    return {"votes": votes, "targets": targets, "pValue": float(decimal(Fraction(tail, sum(ways.values()))))}


def model(keys, classes, queries, learnt):
    targets = [draw.randrange(classes) for _ in range(keys)]
    votes = []
    for target in targets:
        row = [0] * classes
        for _ in range(draw.randint(1, queries)):
            # answers prefer the first classes, as real models do; a marked model prefers the target
            row[target if draw.random() < learnt else min(draw.randrange(classes), draw.randrange(classes))] += 1
        votes.append(row)
    return votes, targets


def log_e(hits, queries, chance):
    """The mean of the likelihood ratio over p in (chance, 1], by quadrature of just that."""
    b = mpmath.mpf(chance)  # the very number that a double holds
    peak = mpmath.mpf(hits) / queries
    width = mpmath.sqrt(peak * (1 - peak) / queries) + mpmath.mpf(1) / queries
    # on pieces so short that the integrand is smooth on each
    pieces = [center + k * width for center in (peak, b) for k in range(-60, 61, 2)]
    pieces += [b + (1 - b) * mpmath.mpf(10) ** -k for k in range(8)]
    log = lambda p: (hits * mpmath.log(p / b) if hits else 0) + (
        (queries - hits) * mpmath.log((1 - p) / (1 - b)) if queries > hits else 0)
    value = mpmath.quad(lambda p: mpmath.exp(log(p)), sorted({b, mpmath.mpf(1), *(p for p in pieces if b < p < 1)}))
    return {"hits": hits, "queries": queries, "chance": chance, "log": float(mpmath.nstr(mpmath.log(value / (1 - b)), 17))}


print(json.dumps({
    "randomization": [randomization(*model(*case)) for case in [
        (1, 2, 1, 0), (3, 10, 5, 0), (5, 3, 30, 0.1), (8, 10, 30, 0.5), (20, 10, 40, 0.9), (12, 100, 20, 1), (55, 100, 10, 0.97),
    ]],
    "logE": [log_e(*case) for case in [
        (0, 1, 0.1), (1, 1, 0.1), (1, 1, 1e-6), (0, 30, 0.5), (12, 30, 0.1), (30, 30, 0.01), (3, 1000, 0.003), (100, 1000, 0.5),
        (40, 100000, 1e-6), (50100, 100000, 0.5), (0, 1000000, 1e-6), (1, 1000000, 1e-6), (20, 1000000, 1e-6), (100500, 1000000, 0.1),
    ]],
}))
