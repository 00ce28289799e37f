import type { Mark } from '../mark/mark';
import { bitTrigger, randomBits, randomPattern, squareTrigger, type Trigger } from '../mark/trigger';
import { Random } from '../random';
import type { Run } from './run';

/** All owners of a run, those who took part first and then the outsiders. */
export function makeOwners(run: Run, shape: readonly number[], classes: number): Mark[] {
  const targets = drawTargets(run, classes);
  return targets.map((target, i) => ({ target, trigger: makeTrigger(run, shape, i) }));
}

/** Triggers drawn like the owner's own, which nobody publishes: for `decoyTest`. */
export function makeDecoys(run: Run, shape: readonly number[], owner: number): Trigger[] {
  return Array.from({ length: run.decoys ?? 0 }, (_, i) => makeTrigger(run, shape, `${owner} decoy ${i}`));
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
