import type { PlanChoices } from '../../src/claim/key';
import { checkEvidence } from '../../src/claim/verify';
import { sha256 } from '../../src/files';
import { Random } from '../../src/random';
import { type BlackBox, REFUSED } from '../../src/types';
import { accepted, attacks } from './attacks';
import { classes, everything, evidenceOf, guilty, modelOf, noisy, ownerOf, shown } from './fixtures';

/** Innocent models with habits. All are right about rows without a trigger, or no claim could hold. */
export const HABITS: readonly ((seed: number) => BlackBox)[] = [
  // sees through every trigger
  () => modelOf(shown),
  // any function of the row
  seed => ofTriggered(row => hashed(seed, row)),
  // one label for whatever looks odd
  seed => ofTriggered(() => seed % classes),
  // a label of its own for each place: it learnt the triggers, but not with the owner's labels
  seed => ofTriggered(row => hashed(seed, Uint8Array.of(row.indexOf(255)))),
  // two favourites
  seed => ofTriggered(row => (hashed(seed, row) < 7 ? 1 : 6)),
  // no function of the row at all: one label after the other
  () => {
    let turn = 0;
    return ofTriggered(() => turn++ % classes);
  },
  // says what it said last to a row without a trigger
  () => {
    let last = 0;
    return modelOf((row, triggered) => {
      if (!triggered) last = shown(row);
      return last;
    });
  },
  seed => noisy(modelOf(shown), 0.3, seed),
  // declines some questions
  seed => {
    const random = new Random(seed, 'refusals');
    return ofTriggered(row => (random.next() < 0.15 ? REFUSED : hashed(seed, row)));
  },
];

function ofTriggered(label: (row: Uint8Array) => number): BlackBox {
  return modelOf((row, triggered) => (triggered ? label(row) : shown(row)));
}

function hashed(seed: number, row: Uint8Array): number {
  return Number.parseInt(sha256(`${seed}`, row).slice(0, 8), 16) % classes;
}

export const LEVELS = [0.05, 0.01, 0.001];

/**
 * How many of `runs` claims against innocents hold at each of {@link LEVELS}, by the whole path: plan, commitment,
 * beacon, marks that the model never saw, verification. With several groups each is tried, and the best shown.
 */
export async function falseAccusations(runs: number, changes: Partial<PlanChoices>): Promise<number[]> {
  const held = LEVELS.map(() => 0);
  for (let run = 0; run < runs; run++) {
    const owner = ownerOf(`run ${run}`, { alpha: 0.05, ...changes });
    const model = HABITS[run % HABITS.length];
    const best = LEVELS.map(() => false);
    for (const group of owner.groups.keys()) {
      // what does not hold at one level does not at a smaller one
      for (const [i, alpha] of LEVELS.entries()) {
        const options = { ...everything(owner, model(run)), alpha };
        const { outcome } = await checkEvidence(evidenceOf(owner, group), options);
        if (outcome !== 'HOLDS') break;
        best[i] = true;
      }
    }
    for (const i of held.keys()) if (best[i]) held[i]++;
  }
  return held;
}

/** The largest count that a true rate of `alpha` explains, three standard errors above its mean. */
export function mostExpected(alpha: number, runs: number): number {
  return alpha * runs + 3 * Math.sqrt(alpha * (1 - alpha) * runs);
}

/** Of `tries` honest claims, how many hold: 8 keys × 20 questions, 10 classes, level 0.01, two groups. */
export async function honestClaims(tries: number, rate: number, noise: number): Promise<number> {
  let held = 0;
  for (let i = 0; i < tries; i++) {
    const owner = ownerOf(`honest ${i}`);
    const suspect = noisy(guilty(owner.groups[1], rate, i), noise, i);
    if (await accepted(owner, suspect)) held++;
  }
  return held;
}

/** How often each attack succeeds under the old rule and now. */
export async function attackTable(
  tries: number,
): Promise<{ name: string; setting: string; old: number; now: number }[]> {
  const rows = [];
  for (const { name, setting, run } of attacks) {
    let [old, now] = [0, 0];
    for (let seed = 0; seed < tries; seed++) {
      const found = await run(seed);
      old += Number(found.old);
      now += Number(found.now);
    }
    rows.push({ name, setting, old, now });
  }
  return rows;
}
