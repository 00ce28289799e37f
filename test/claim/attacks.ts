import { openBeacon } from '../../src/claim/beacon';
import { deriveGroup } from '../../src/claim/derive';
import type { Evidence } from '../../src/claim/evidence';
import { probeKeys } from '../../src/claim/probe-keys';
import { decideGroup } from '../../src/claim/questions';
import { checkEvidence } from '../../src/claim/verify';
import { takeSamples } from '../../src/data/take';
import { binomialTest } from '../../src/decide/binomial';
import { countVotes, randomizationTest } from '../../src/decide/randomization';
import { sha256 } from '../../src/files';
import { stamp } from '../../src/mark/stamp';
import { Random } from '../../src/random';
import { type BlackBox, REFUSED } from '../../src/types';
import {
  choices,
  classes,
  data,
  everything,
  evidenceOf,
  modelOf,
  noisy,
  type Owner,
  ownerOf,
  parsed,
  shown,
} from './fixtures';

/**
 * What verification was before evidence version 2: the answers in the file had to be significant at the plan's
 * level, and a random share of them, asked again, had to differ no more often than the declared noise explains.
 */
export interface OldRule {
  readonly alpha: number;
  readonly share: number;
  readonly noise: number;
}

export async function acceptedByOldRule(
  { groups: [, keys] }: Owner,
  answers: readonly ArrayLike<number>[],
  box: BlackBox,
  { alpha, share, noise }: OldRule,
  seed: number,
): Promise<boolean> {
  const votes = answers.map(labels => countVotes(labels, classes));
  const targets = keys.map(({ target }) => target);
  // the old rule knew no bound of alpha
  if (randomizationTest({ votes, targets, alpha: 0.05 }).pValue > alpha) return false;
  const queries = keys.flatMap((key, j) => key.probes.map((row, i) => ({ key, row, answer: answers[j][i] })));
  const count = Math.ceil(share * queries.length);
  let different = 0;
  for (const i of new Random(seed, 'replay').sample(queries.length, count)) {
    const { key, row, answer } = queries[i];
    const [label] = await box.predict(stamp(takeSamples(data.test, [row]), key.trigger));
    if (label !== answer) different++;
  }
  return noise === 0
    ? different === 0
    : !binomialTest({ hits: different, queries: count, chance: noise, alpha: 0.001 }).rejected;
}

/** An innocent model with habits: what it says to a trigger depends on the row, never on a key. */
export function peculiar(seed: number): BlackBox {
  return modelOf((row, triggered) => {
    if (!triggered) return shown(row);
    return Number.parseInt(sha256(`${seed}`, row).slice(0, 8), 16) % classes;
  });
}

/** Whether today's verifier, who has everything, says HOLDS. */
export async function accepted(owner: Owner, suspect: BlackBox): Promise<boolean> {
  const { outcome } = await checkEvidence(evidenceOf(owner), everything(owner, suspect));
  return outcome === 'HOLDS';
}

async function answersOf(owner: Owner, box: BlackBox): Promise<Int32Array[]> {
  return [...(await probeKeys(box, data.test, owner.groups[1])).answers];
}

function pOf(owner: Owner, answers: readonly ArrayLike<number>[]): number {
  const votes = answers.map(labels => [...countVotes(labels, classes)]);
  const targets = owner.groups[1].map(({ target }) => target);
  return decideGroup(owner.key.plan, { votes, targets }).pValue;
}

/** Turns misses into hits until the recorded answers are significant, as few as possible. */
function forge(owner: Owner, honest: readonly Int32Array[], alpha: number, seed: number): Int32Array[] {
  const answers = honest.map(each => each.slice());
  const random = new Random(seed, 'forge');
  const places = answers.flatMap((each, j) => [...each].map((_, i) => [j, i]));
  for (const [j, i] of random.shuffle(places)) {
    if (pOf(owner, answers) <= alpha) break;
    answers[j][i] = owner.groups[1][j].target;
  }
  return answers;
}

/** One way to accuse the innocent: what each rule makes of try number `seed`. */
export interface Attack {
  readonly name: string;
  readonly setting: string;
  run(seed: number): Promise<{ old: boolean; now: boolean }>;
}

const single = { ...choices, marks: { ...choices.marks, keys: 20, rowsPerKey: 1 }, queriesPerKey: 1 };

export const attacks: readonly Attack[] = [
  {
    name: 'altered answers',
    setting: '8 keys × 20 questions; old: half asked again, noise 0.1',
    async run(seed) {
      const owner = ownerOf(seed);
      const box = peculiar(seed);
      const answers = forge(owner, await answersOf(owner, box), 0.01, seed);
      const old = await acceptedByOldRule(owner, answers, box, { alpha: 0.01, share: 0.5, noise: 0.1 }, seed);
      return { old, now: await accepted(owner, box) };
    },
  },
  {
    name: 'altered answers',
    setting: '20 keys × 1 question; old: a tenth asked again, noise 0',
    async run(seed) {
      const owner = ownerOf(seed, single);
      const box = peculiar(seed);
      const answers = forge(owner, await answersOf(owner, box), 0.01, seed);
      const old = await acceptedByOldRule(owner, answers, box, { alpha: 0.01, share: 0.1, noise: 0 }, seed);
      return { old, now: await accepted(owner, box) };
    },
  },
  {
    name: 'asking until a hit',
    setting: 'service with 5 % noise, asked 20 times; old: half asked again, noise 0.1',
    async run(seed) {
      const owner = ownerOf(seed);
      const box = noisy(peculiar(seed), 0.05, seed);
      const answers = await answersOf(owner, box);
      for (let session = 0; session < 20; session++) {
        (await answersOf(owner, box)).forEach((again, j) => {
          const { target } = owner.groups[1][j];
          again.forEach((label, i) => {
            if (label === target) answers[j][i] = label;
          });
        });
      }
      const old = await acceptedByOldRule(owner, answers, box, { alpha: 0.01, share: 0.5, noise: 0.1 }, seed);
      return { old, now: await accepted(owner, box) };
    },
  },
  {
    name: 'permuted class names',
    setting: 'chosen after the answers; old: everything asked again',
    async run(seed) {
      const owner = ownerOf(seed);
      const box = peculiar(seed);
      const permutation = bestPermutation(owner, await answersOf(owner, box));
      const permuted: BlackBox = {
        classes,
        predict: async (...args) => (await box.predict(...args)).map(label => permutation[label]),
      };
      const answers = await answersOf(owner, permuted);
      const old = await acceptedByOldRule(
        owner,
        answers,
        permuted,
        { alpha: 0.01, share: 1, noise: 0 },
        seed,
      );
      // even a verifier who takes the owner's service file; with her own the innocent answers as it is
      return { old, now: (await accepted(owner, permuted)) || (await accepted(owner, box)) };
    },
  },
  {
    name: 'own level',
    setting: 'alpha 0.9 in the plan; now: at most 0.05, and the verifier’s',
    async run(seed) {
      const owner = ownerOf(seed, { alpha: 0.05 });
      const box = peculiar(seed);
      const answers = await answersOf(owner, box);
      const old = await acceptedByOldRule(owner, answers, box, { alpha: 0.9, share: 1, noise: 0 }, seed);
      return { old, now: await accepted(owner, box) };
    },
  },
  {
    name: 'ground spelling of the beacon',
    setting: '200 spellings of one value',
    async run(seed) {
      const owner = ownerOf(seed);
      const box = peculiar(seed);
      const value = owner.proof.kind === 'value' ? owner.proof.value : '';
      const letters = [...value].flatMap((digit, place) => (digit >= 'a' ? [place] : []));
      let [old, now] = [false, false];
      for (let i = 1; i <= 200; i++) {
        const upper = letters.filter((_, bit) => (i >> bit) & 1);
        const spelling = [...value].map((d, place) => (upper.includes(place) ? d.toUpperCase() : d)).join('');
        const ground = groundOwner(owner, sha256(spelling));
        old ||= pOf(ground, await answersOf(ground, box)) <= 0.01;
        const evidence = { ...evidenceOf(ground), beacon: { kind: 'value' as const, value: spelling } };
        const found = await verdictOn(evidence, owner, box);
        now ||= found?.outcome === 'HOLDS';
      }
      return { old, now };
    },
  },
  {
    name: 'private commitments',
    setting: 'the best of 100 is shown, its age by a time stamp',
    run: async seed => privateCommitments(seed, 100),
  },
  {
    name: 'refusals for misses',
    setting: 'all recorded misses turned into refusals',
    async run(seed) {
      const owner = ownerOf(seed);
      const box = peculiar(seed);
      const answers = (await answersOf(owner, box)).map((each, j) =>
        each.map(label => (label === owner.groups[1][j].target ? label : REFUSED)),
      );
      return { old: pOf(owner, answers) <= 0.01, now: await accepted(owner, box) };
    },
  },
];

/** The owner's groups for other randomness. */
function groundOwner(owner: Owner, randomness: string): Owner {
  const { plan } = owner.key;
  const groups = plan.groups.map((_, g) => deriveGroup(plan, g, owner.key.reveal(g), randomness).keys);
  return { ...owner, groups };
}

/** She makes `count` keys before the beacon, keeps the one that fits best, and shows that one alone. */
export async function privateCommitments(
  seed: number,
  count: number,
): Promise<{ old: boolean; now: boolean }> {
  const box = peculiar(seed);
  let best: { owner: Owner; p: number } | undefined;
  for (let i = 0; i < count; i++) {
    const owner = ownerOf(`${seed}/${i}`);
    const p = pOf(owner, await answersOf(owner, box));
    if (best === undefined || p < best.p) best = { owner, p };
  }
  if (best === undefined) return { old: false, now: false };
  const { owner, p } = best;
  const { outcome } = await checkEvidence(evidenceOf(owner), { ...everything(owner, box), claims: 10_000 });
  return { old: p <= 0.01, now: outcome === 'HOLDS' };
}

/** Which label to read for each answer so that the votes for the owner's labels are most, greedily. */
function bestPermutation(owner: Owner, answers: readonly Int32Array[]): Int32Array {
  const votes = answers.map(labels => countVotes(labels, classes));
  const gain = (from: number, to: number) =>
    owner.groups[1].reduce((sum, { target }, j) => sum + (target === to ? votes[j][from] : 0), 0);
  const pairs = Array.from({ length: classes ** 2 }, (_, i) => [Math.floor(i / classes), i % classes]);
  const permutation = new Int32Array(classes).fill(-1);
  const taken = new Set<number>();
  for (const [from, to] of pairs.sort((a, b) => gain(b[0], b[1]) - gain(a[0], a[1]))) {
    if (permutation[from] >= 0 || taken.has(to)) continue;
    permutation[from] = to;
    taken.add(to);
  }
  return permutation;
}

/** The randomness of an owner's plan. */
export function randomnessOf({ key, proof }: Owner): string {
  return openBeacon(key.plan.beacon, proof).randomness;
}

/** The verdict on a file with this evidence; undefined where it is not even read. */
async function verdictOn(evidence: Evidence, owner: Owner, box: BlackBox) {
  try {
    return await checkEvidence(parsed(evidence), everything(owner, box));
  } catch {
    return undefined;
  }
}
