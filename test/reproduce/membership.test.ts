import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/random';
import {
  attackMembers,
  bestThreshold,
  measureAnswers,
  offlineLira,
  quality,
} from '../../src/reproduce/membership';
import { attackOwners } from '../../src/reproduce/owner-attacks';
import golden from './golden-membership.json';
import peer from './golden-peer.json';

const near = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
  assert.equal(actual.length, expected.length);
  Array.from(expected).forEach((value, i) => {
    assert.ok(
      Math.abs(actual[i] - value) <= 1e-9 * (1 + Math.abs(value)),
      `${i}: ${actual[i]}, expected ${value}`,
    );
  });
};

test('what attacks look at is what numpy computes from the probabilities', () => {
  const measured = measureAnswers(Float32Array.from(golden.logits), golden.labels, golden.classes);
  for (const name of ['correct', 'confidence', 'entropy', 'modifiedEntropy'] as const) {
    near(measured[name], golden.answers[name]);
  }
});

test('a confidence of 1 − 1e-13 and more stays finite and ordered', () => {
  // probabilities in float32 would all be 1 here, and LiRA blind to them
  const { confidence, modifiedEntropy } = measureAnswers(Float32Array.of(30, 0, 80, 0, 500, 0), [0, 0, 0], 2);
  assert.deepEqual([...confidence], [30, 80, 500]);
  assert.ok(modifiedEntropy.every(Number.isFinite));
});

test('AUC, rates at low false positive rates, accuracy and F1 equal scipy’s, ties included', () => {
  const { scores, decisions, member, expected } = golden.quality;
  const measured = quality(scores, decisions, member);
  assert.deepEqual(Object.keys(measured).sort(), Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected))
    near([measured[name as keyof typeof measured]], [value]);
});

test('thresholds are the best ones', () => {
  const { scores, member } = golden.quality;
  near([bestThreshold(scores, member, () => true)], [golden.threshold]);
  assert.equal(
    bestThreshold([1, 2], [false, false], () => true),
    Infinity,
  ); // nobody is a member: accuse nobody
});

test('offline LiRA equals numpy’s, and says nothing of samples that all shadows saw', () => {
  const { confidence, shadows, inside, expected } = golden.lira;
  const scores = offlineLira(
    Float64Array.from(confidence),
    shadows.map(row => Float64Array.from(row)),
    inside.map(member => ({ member })),
  );
  near(scores, expected);
});

test('a model that knows its members by heart is seen through, an innocent one is not', () => {
  // also prevents decisions by the target’s own memberships, which would never come out below one half
  const classes = 2;
  const count = 4000;
  const labels = Array.from({ length: count }, (_, i) => i % classes);
  const observe = (seed: number, gap: number) => {
    const random = new Random(seed);
    const member = labels.map(() => random.integer(2) === 1);
    const logits = new Float32Array(count * classes);
    for (let i = 0; i < count; i++) logits[i * classes + labels[i]] = random.normal() + (member[i] ? gap : 0);
    return { member, logits };
  };
  for (const gap of [0, 6]) {
    const attacks = attackMembers({
      target: observe(1, gap),
      shadows: [2, 3, 4, 5].map(seed => observe(seed, gap)),
      labels,
      classes,
    });
    assert.equal(attacks.length, 5);
    for (const { attack, accuracy, auc, tprAt01 } of attacks) {
      if (gap === 0) {
        assert.ok(
          Math.abs(accuracy - 0.5) < 0.05 && Math.abs(auc - 0.5) < 0.05,
          `${attack}: ${accuracy}, ${auc}`,
        );
        assert.ok(tprAt01 < 0.05, attack);
      } else if (attack !== 'correctness' && attack !== 'entropy') {
        assert.ok(accuracy > 0.95 && auc > 0.95, `${attack}: ${accuracy}, ${auc}`);
      }
    }
  }
});

test('owners are told apart by the mean of their rows, and the mean tells more the more rows there are', () => {
  // prevents rows that belong to two owners, and means that mix members with others
  const labels = Array.from({ length: 4000 }, (_, i) => i % 2);
  const observe = (seed: number, gap: number) => {
    const random = new Random(seed);
    const member = labels.map((_, i) => i % 2 === seed % 2);
    const logits = new Float32Array(2 * labels.length);
    labels.forEach((label, i) => {
      logits[2 * i + label] = random.normal() + (member[i] ? gap : 0);
    });
    return { member, logits };
  };
  const outcomes = (gap: number) =>
    attackOwners({
      target: observe(1, gap),
      shadows: [2, 3, 4].map(seed => observe(seed, gap)),
      labels,
      classes: 2,
      rowsEach: [1, 10, 100],
      random: new Random(9),
    });
  const used = outcomes(0.3).filter(({ attack }) => attack === 'mean loss');
  assert.deepEqual(
    used.map(({ members, nonMembers }) => [members, nonMembers]),
    [
      [2000, 2000],
      [200, 200],
      [20, 20],
    ],
  );
  // normal scores, 0.3 apart: AUC = Φ(0.3·√rows / √2), 0.584, 0.749 and 0.983
  [0.584, 0.749, 0.983].forEach((auc, i) => {
    assert.ok(Math.abs(used[i].auc - auc) < 0.05, `${used[i].ownerRows} rows: ${used[i].auc}`);
  });
  for (const { attack, ownerRows, auc } of outcomes(0)) {
    assert.ok(Math.abs(auc - 0.5) < (ownerRows === 100 ? 0.25 : 0.08), `${attack}, ${ownerRows}: ${auc}`);
  }
});

test('per-sample attacks decide and rank as ART and scikit-learn do on a scikit-learn network', () => {
  // prevents attacks that are weak because they are wrong, beside which marks would look strong
  const target = { logits: Float32Array.from(peer.logits), member: peer.labels.map((_, row) => row < 150) };
  const attacks = attackMembers({ target, shadows: [target, target], labels: peer.labels, classes: 30 });
  const of = (name: string) => attacks.find(({ attack }) => attack === name);
  const { correct } = measureAnswers(target.logits, peer.labels, 30);
  assert.deepEqual(
    Array.from(correct, value => value === 1),
    peer.decisions,
  );
  near([of('correctness')?.accuracy ?? 0], [peer.expected.correctness.accuracy]);
  near([of('correctness')?.f1 ?? 0], [peer.expected.correctness.f1]);
  for (const name of ['confidence', 'entropy', 'modified entropy'] as const) {
    near([of(name)?.auc ?? 0], [peer.expected[name].auc]);
  }
});
