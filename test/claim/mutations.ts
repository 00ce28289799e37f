import assert from 'node:assert/strict';
import { type Evidence, parseEvidence } from '../../src/claim/evidence';
import { checkEvidence } from '../../src/claim/verify';
import { canonicalJson } from '../../src/files';
import { Random } from '../../src/random';
import { everything, evidenceOf, guilty, ownerOf } from './fixtures';

const owner = ownerOf(11);
const suspect = guilty(owner.groups[1]);
const evidence = evidenceOf(owner);
const bytes = Buffer.from(JSON.stringify(evidence));

const VALUES = [
  0,
  -1,
  1,
  2,
  2.5,
  300,
  1e9,
  1e308,
  '',
  'a',
  'keys',
  '0'.repeat(64),
  null,
  true,
  [],
  {},
  '__proto__',
];

/** Everything but what a verdict does not rest on. */
function meaning({ suspect: _, record: __, token: ___, ...rest }: Evidence): string {
  return canonicalJson(rest);
}

/** Flips one to three bits of the file. */
function flipped(random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let flips = 1 + random.integer(3); flips > 0; flips--)
    copy[random.integer(copy.length)] ^= 1 << random.integer(8);
  return copy;
}

/** Gives a random field another value, or none. */
function changed(random: Random): Buffer {
  const copy = structuredClone(evidence);
  // biome-ignore lint/suspicious/noExplicitAny: walks into a value of any shape
  let parent: any = copy;
  let name = '';
  for (let deeper = true; deeper; ) {
    const names = Object.keys(parent);
    name = names[random.integer(names.length)];
    const child = parent[name];
    deeper =
      child !== null && typeof child === 'object' && Object.keys(child).length > 0 && random.next() < 0.9;
    if (deeper) parent = child;
  }
  const draw = random.next();
  if (draw < 0.1) delete parent[name];
  else if (draw < 0.2 && typeof parent[name] === 'number') parent[name] *= 2;
  else parent[name] = VALUES[random.integer(VALUES.length)];
  return Buffer.from(JSON.stringify(copy));
}

/**
 * Mutates an evidence file and verifies what is still one: nothing may hold that does not mean the same, or take
 * long.
 *
 * @returns how many were read as evidence, and how many held
 */
export async function mutateEvidence(rounds: number, seed: number): Promise<{ read: number; held: number }> {
  const random = new Random(seed, 'mutations');
  const original = meaning(evidence);
  let [read, held] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const mutated = round % 2 === 0 ? flipped(random) : changed(random);
    const begin = performance.now();
    let parsed: Evidence | undefined;
    try {
      parsed = parseEvidence('mutation', mutated);
    } catch (error) {
      assert.match((error as Error).message, /^mutation: /, `round ${round}`);
    }
    if (parsed !== undefined) {
      read++;
      const verification = await checkEvidence(parsed, {
        ...everything(owner, suspect),
        commitment: undefined,
        group: 1,
      }).catch(error => assert.match(error.message, /^verifyEvidence: group is 1, expected/));
      // with the published commitment, which binds the whole plan
      const { outcome } = await checkEvidence(parsed, {
        ...everything(owner, suspect),
        group: parsed.opened[0].group,
      });
      if (outcome === 'HOLDS') {
        held++;
        assert.equal(meaning(parsed), original, `round ${round} holds: ${mutated}`);
      }
      if (verification) assert.notEqual(verification.outcome, 'HOLDS', `round ${round} holds without age`);
    }
    assert.ok(performance.now() - begin < 10_000, `round ${round} took over 10 s: ${mutated}`);
  }
  return { read, held };
}
