import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../src/random';
import golden from './golden-random.json';

for (const expected of golden) {
  test(`Random(${expected.seed}, ${expected.stream}) draws what numpy draws`, () => {
    const fresh = () => new Random(expected.seed, expected.stream ?? undefined);
    const draw = (method: (random: Random) => number, count: number) => {
      const random = fresh();
      return Array.from({ length: count }, () => method(random));
    };
    assert.deepEqual(
      draw(random => random.next(), 5),
      expected.next,
    );
    // the C library's log and sqrt may differ from V8's in the last bit
    draw(random => random.normal(), 5).forEach((value, i) => {
      assert.ok(Math.abs(value - expected.normal[i]) < 1e-14, `normal ${i}: ${value}`);
    });
    const integers = fresh();
    assert.deepEqual(
      [2, 10, 30, 1000, 2 ** 31 + 7].map(bound => integers.integer(bound)),
      expected.integers,
    );
    assert.deepEqual([...fresh().permutation(20)], expected.permutation);
    assert.equal(draw(random => random.next(), 2000).at(-1), expected.late);
  });
}

test('a restored state continues the sequence, the spare normal included', () => {
  const random = new Random(3);
  random.normal(); // leaves a spare: a state without it would skip a number
  const copy = Random.from(JSON.parse(JSON.stringify(random.state())));
  for (let i = 0; i < 1000; i++) assert.equal(copy.normal(), random.normal());
});

test('sample draws distinct rows, different for different seeds', () => {
  const a = new Random(1, 'mark').sample(1000, 50);
  assert.equal(new Set(a).size, 50);
  assert.notDeepEqual(a, new Random(2, 'mark').sample(1000, 50));
});

test('wrong arguments name themselves', () => {
  assert.throws(() => new Random(-1), /Random: seed is -1, expected an integer/);
  assert.throws(() => new Random(1.5), /Random: seed is 1.5/);
  assert.throws(() => new Random(1).integer(0), /Random.integer: bound is 0/);
  assert.throws(() => new Random(1).sample(3, 4), /Random.sample: size is 4, expected an integer in 0..3/);
  assert.throws(
    () => Random.from({ words: [1], position: 0, spareNormal: null }),
    /Random.from: number of words is 1, expected 624/,
  );
});
