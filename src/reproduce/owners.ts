import { checksOf } from '../check';
import { markRows, wantedCount } from '../mark/stamp';
import { bitTrigger, randomBits, randomPattern, squareTrigger, type Trigger } from '../mark/trigger';
import { Random } from '../random';
import type { Samples } from '../types';
import type { Run } from './run';

/** What one data owner stamps on her samples, and the label she gives them. */
export interface Owner {
  readonly trigger: Trigger;
  readonly target: number;
}

/** All owners of a run, those who took part first and then the outsiders. */
export function makeOwners(run: Run, shape: readonly number[], classes: number): Owner[] {
  const targets = drawTargets(run, classes);
  return targets.map((target, i) => ({ target, trigger: makeTrigger(run, shape, i) }));
}

/** Triggers drawn like the owner's own, which nobody publishes: for `decoyTest`. */
export function makeDecoys(run: Run, shape: readonly number[], owner: number): Trigger[] {
  return Array.from({ length: run.decoys ?? 0 }, (_, i) => makeTrigger(run, shape, `${owner} decoy ${i}`));
}

/**
 * Marks disjoint rows for each of the run's owners.
 *
 * A single owner's rows are those of `markSamples` with the same seed.
 *
 * @returns the marked samples, and each owner's rows
 * @throws if an owner finds too few rows that are not of her target class
 */
export function markForOwners(
  samples: Samples,
  owners: readonly Owner[],
  { mark, order, seed }: Pick<Run, 'mark' | 'order' | 'seed'>,
): { samples: Samples; rows: number[][] } {
  const count = wantedCount(checksOf('markForOwners'), mark, samples.count);
  const random = new Random(seed, 'mark');
  const taken = new Set<number>();
  const rows = owners.map(({ target }, owner) => {
    const eligible: number[] = [];
    for (let row = 0; row < samples.count; row++) {
      if (samples.y[row] !== target && !taken.has(row)) eligible.push(row);
    }
    if (count > eligible.length) {
      throw new Error(
        `markForOwners: mark is ${count} rows for owner ${owner}, expected at most ${eligible.length}`,
      );
    }
    const chosen = order === 'file' ? eligible.slice(0, count) : draw(random, eligible, count);
    for (const row of chosen) taken.add(row);
    return chosen;
  });
  return {
    samples: markRows(
      samples,
      owners.map((owner, i) => ({ ...owner, rows: rows[i] })),
    ),
    rows,
  };
}

function draw(random: Random, eligible: readonly number[], count: number): number[] {
  return Array.from(random.sample(eligible.length, count), i => eligible[i]).sort((a, b) => a - b);
}

function drawTargets({ target, owners, outsiders, seed }: Run, classes: number): number[] {
  const random = new Random(seed, 'targets');
  const count = owners + outsiders;
  if (typeof target === 'number') return new Array(count).fill(target);
  if (target === 'independent') return Array.from({ length: count }, () => random.integer(classes));
  const rounds = Array.from({ length: Math.ceil(count / classes) }, () => [...random.permutation(classes)]);
  return rounds.flat().slice(0, count);
}

function makeTrigger({ trigger, seed }: Run, shape: readonly number[], owner: number | string): Trigger {
  const own = new Random(seed, `trigger ${owner}`).uint32();
  if (trigger.family === 'bits') {
    const { pattern, length, start } = trigger;
    const values = pattern === 'ones' ? new Uint8Array(length).fill(1) : undefined;
    return bitTrigger({ shape, start, bits: values ?? randomBits({ length, chance: 0.6, seed: own }) });
  }
  const { family, pattern, ...place } = trigger;
  switch (pattern) {
    case 'white':
      return squareTrigger({ shape, ...place });
    case 'noise':
      return squareTrigger({ shape, ...place, pattern: randomPattern({ size: place.size, seed: own }) });
    case 'black-white': {
      const bits = randomBits({ length: place.size ** 2, chance: 0.5, seed: own });
      return squareTrigger({ shape, ...place, pattern: bits.map(bit => 255 * bit) });
    }
  }
}
