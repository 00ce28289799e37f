import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoyTest } from '../../src/decide/decoys';
import { assertBroken, assertCalibrated, drawHits } from './checks';

test('p counts the real trigger itself, and ties against the owner', () => {
  const p = (score: number, decoys: number[]) => decoyTest({ score, decoys, alpha: 0.05 }).pValue;
  assert.equal(p(0.9, [0.1, 0.2, 0.3]), 1 / 4);
  assert.equal(p(0.2, [0.1, 0.2, 0.3]), 3 / 4);
  assert.equal(p(0, [0, 0, 0]), 1);
});

test('nineteen decoys are just enough for 5 %', () => {
  assert.equal(decoyTest({ score: 1, decoys: new Array(19).fill(0), alpha: 0.05 }).rejected, true);
  assert.equal(decoyTest({ score: 1, decoys: new Array(18).fill(0), alpha: 0.05 }).rejected, false);
});

test('no more than alpha of innocent models are accused, ties or not', () => {
  for (const chance of [0.02, 0.4]) {
    assertCalibrated(0.05, 4000, random => {
      const [score, ...decoys] = Array.from({ length: 20 }, () => drawHits(random, 30, chance) / 30);
      return decoyTest({ score, decoys, alpha: 0.05 }).rejected;
    });
  }
});

// the assumptions that the docstring names; a rank test looks free of any
test('a label picked after the trigger was drawn, or references of another kind, break the level', () => {
  assertBroken(0.05, 400, random => {
    // a clean model answers each trigger with a favourite label of its own
    const probe = (favourite: number, label: number) =>
      drawHits(random, 30, favourite === label ? 0.5 : 0.05);
    const triggers = Array.from({ length: 20 }, () => random.integer(10));
    const [score, ...decoys] = triggers.map(favourite => probe(favourite, triggers[0]));
    return decoyTest({ score, decoys, alpha: 0.05 }).rejected;
  });
  assertBroken(0.05, 400, random => {
    const decoys = Array.from({ length: 19 }, () => drawHits(random, 30, 0.1));
    return decoyTest({ score: drawHits(random, 30, 0.2), decoys, alpha: 0.05 }).rejected;
  });
});

test('wrong arguments name themselves', () => {
  assert.throws(() => decoyTest({ score: 1, decoys: [], alpha: 0.05 }), /decoyTest: decoys.length is 0/);
  assert.throws(() => decoyTest({ score: Number.NaN, decoys: [1], alpha: 0.05 }), /decoyTest: score is NaN/);
  assert.throws(
    () => decoyTest({ score: 1, decoys: [0, Number.NaN], alpha: 0.05 }),
    /decoys\[1\] is NaN, expected a number in \(-∞, ∞\)/,
  );
});
