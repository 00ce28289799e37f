"""Golden values for src/random.ts: run `python3 test/make_golden_random.py > test/golden-random.json`."""
import json
import numpy as np

def case(seed, stream):
    key = seed if stream is None else np.array([seed, *stream.encode()], dtype=np.uint32)
    fresh = lambda: np.random.RandomState(key)
    integers = fresh()
    return {
        "seed": seed, "stream": stream,
        "next": fresh().random_sample(5).tolist(),
        "normal": fresh().standard_normal(5).tolist(),
        "integers": [int(integers.randint(0, bound, dtype=np.uint32)) for bound in (2, 10, 30, 1000, 2**31 + 7)],
        "permutation": fresh().permutation(20).tolist(),
        "late": float(fresh().random_sample(2000)[-1]),
    }

print(json.dumps([case(0, None), case(7, None), case(4294967295, None), case(7, "mark"), case(1, "shuffle é")], indent=1))
