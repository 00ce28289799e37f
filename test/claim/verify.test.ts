import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../../src/claim/evidence';
import { createKey } from '../../src/claim/key';
import type { Verification } from '../../src/claim/verdict';
import { checkEvidence, type VerifyOptions } from '../../src/claim/verify';
import { sha256 } from '../../src/files';
import { type BlackBox, REFUSED, type Samples } from '../../src/types';
import {
  choices,
  classes,
  DRAWN,
  data,
  everything,
  evidenceOf,
  guilty,
  innocent,
  modelOf,
  noisy,
  type Owner,
  ownerOf,
  parsed,
  shown,
} from './fixtures';

const owner = ownerOf(1);
const suspect = guilty(owner.groups[1], 0.8);

/** The verdict on her evidence, with changes to the file and to what the verifier brings. */
async function verdict(
  changes: { file?: Partial<Evidence>; bring?: Partial<VerifyOptions>; by?: Owner } = {},
) {
  const by = changes.by ?? owner;
  const evidence = { ...evidenceOf(by), ...changes.file };
  return checkEvidence(parsed(evidence), { ...everything(by, suspect), ...changes.bring });
}

/** `outcome: step, step` with the steps that do not hold. */
async function found(...args: Parameters<typeof verdict>): Promise<string> {
  const { outcome, checks } = await verdict(...args);
  const open = checks.filter(check => check.outcome === (outcome === 'FAILS' ? 'FAILS' : 'not checked'));
  return [outcome, ...open.map(check => check.name)].join(' ');
}

test('an honest claim holds, with every step made, in a service that makes up a tenth of its answers', async () => {
  const verification = await verdict({ bring: { suspect: noisy(suspect, 0.1, 3) } });
  assert.equal(verification.outcome, 'HOLDS', String(verification));
  assert.ok(verification.checks.every(check => check.outcome === 'holds'));
  assert.ok((verification.room ?? 0) > 10_000);
  assert.equal(verification.answers?.questions, 220);
});

// what rejecting does and does not show must not be left to the reader
test('every verdict says what was tested and what is not shown', async () => {
  for (const bring of [{}, { suspect: innocent }, { suspect: undefined }]) {
    const text = String(await verdict({ bring }));
    assert.match(text, /Null hypothesis: the model's answers do not depend on the owner's secret/);
    assert.match(text, /does not show that the use was unlawful, nor who put the marks/);
    assert.match(text, /Failing to reject it is no acquittal/);
    assert.match(text, /the one whose beacon is older than the model/);
    assert.match(text, /a working backdoor/);
  }
});

test('an innocent model fails the claim by its answers, and is not acquitted', async () => {
  assert.equal(await found({ bring: { suspect: innocent } }), 'FAILS claim');
});

// owner searches triggers, secrets, spellings of the beacon
test('a secret that the plan does not hold, or an altered plan, fails', async () => {
  const opened = [{ group: 1, secret: 'cd'.repeat(32) }];
  assert.equal(await found({ file: { opened } }), 'FAILS secret');
  const exchanged = [{ group: 1, secret: owner.key.reveal(0) }];
  assert.equal(await found({ file: { opened: exchanged } }), 'FAILS secret');
  for (const change of [
    { alpha: 0.02 },
    { control: 61 },
    { leastAccuracy: 0.2 },
    { test: 'keys-sequential' as const },
    { queriesPerKey: 21 },
    { data: { ...owner.key.plan.data, classNames: data.classNames.toReversed() } },
    { groups: [...owner.key.plan.groups, sha256('one more')] },
  ]) {
    const plan = { ...owner.key.plan, ...change };
    assert.equal(await found({ file: { plan } }), 'FAILS commitment', JSON.stringify(change));
  }
});

test('the value of the beacon is the verifier’s, in one spelling', async () => {
  const [, other] = [owner, ownerOf(2)].map(({ proof }) => proof);
  assert.equal(await found({ file: { beacon: other } }), 'FAILS beacon');
  const value = owner.proof.kind === 'value' ? owner.proof.value : '';
  const upper = { kind: 'value' as const, value: value.toUpperCase() };
  await assert.rejects(verdict({ file: { beacon: upper } }), /beacon\.value: expected .* lower-case/);
  assert.equal(await found({ bring: { beacon: undefined } }), 'INCOMPLETE beacon age');
});

// the commitment has to be older than what nobody could foresee
test('a commitment counts from when it was seen, a minute before the beacon at the latest', async () => {
  const seen = (time: number) => ({ commitment: { value: owner.key.commitment, seen: new Date(time) } });
  assert.equal(await found({ bring: seen(DRAWN.getTime() - 60_000) }), 'HOLDS');
  assert.equal(await found({ bring: seen(DRAWN.getTime() - 59_999) }), 'INCOMPLETE age');
  assert.equal(await found({ bring: { commitment: undefined } }), 'INCOMPLETE age');
  const other = { value: '0'.repeat(64), seen: new Date(0) };
  assert.equal(await found({ bring: { commitment: other } }), 'FAILS commitment');
});

// owner alters answers, picks sessions, asks a noisy service again and again
test('answers in the file are never counted', async () => {
  const { targets } = (await verdict()).answers ?? { targets: [] };
  const answers = targets.map(target => new Array(20).fill(target));
  const record = { group: 1, answers, control: new Array(60).fill(0), refused: 0, sent: 220 };
  const verification = await verdict({ file: { record }, bring: { suspect: innocent } });
  assert.equal(verification.outcome, 'FAILS');
  assert.match(String(verification), /record of the owner's own asking. It was not counted/);
  assert.match(String(verification), /The owner had asked this group before: the accused may have seen/);
});

// own alpha; many commitments, suspects, groups
test('the smaller level counts, and a plan cannot have one above 0.05', async () => {
  assert.throws(() => ownerOf(1, { alpha: 0.06 }), /alpha is 0\.06/);
  const weak = ownerOf(5, { groups: 1, alpha: 0.05 });
  // room falls with the verifier's level, and with the plan's
  const room = async (alpha: number, by = weak) =>
    (await verdict({ by, bring: { suspect: guilty(by.groups[0]), alpha } })).room;
  const [one, two] = [await room(0.05), await room(0.005)];
  assert.ok(one !== undefined && two !== undefined && Math.abs(one / two - 10) < 1e-6, `${one} ${two}`);
  assert.equal(await room(0.5), one);
});

test('groups that could have been opened are counted', async () => {
  const one = ownerOf(7, { groups: 1 });
  const verification = await verdict({ by: one, bring: { suspect: guilty(one.groups[0], 0.5) } });
  const room = (found: Verification) => 0.01 / (found.claim.groups * (found.decision?.pValue ?? 1));
  assert.ok(Math.abs((verification.room ?? 0) - room(verification)) <= 1);
  assert.match(String(verification), /The plan has one group: the accused may have seen/);
  const two = await verdict({ bring: { suspect: guilty(owner.groups[1], 0.5) } });
  assert.equal(two.claim.groups, 2);
  assert.ok(Math.abs((two.room ?? 0) - room(two)) <= 1);
});

test('a claim with little room holds only where few alternatives were', async () => {
  const two = ownerOf(3, { marks: { ...choices.marks, keys: 3 }, groups: 1 });
  const bring = { suspect: guilty(two.groups[0]) };
  // three keys and ten classes: p is at least 1/1000, so the room at most 10
  assert.equal(await found({ by: two, bring: { ...bring, claims: 11 } }), 'INCOMPLETE claim');
  assert.equal(await found({ by: two, bring: { ...bring, claims: 10 } }), 'HOLDS');
});

// owner permutes class names or preprocessing
test('answers that are no labels of the plan leave the claim incomplete', async () => {
  const permuted = modelOf(row => (shown(row) + 3) % classes);
  assert.equal(await found({ bring: { suspect: permuted } }), 'INCOMPLETE labels claim');
  const poor = ownerOf(1, { leastAccuracy: 0.99 });
  assert.equal(
    await found({ by: poor, bring: { suspect: noisy(guilty(poor.groups[1]), 0.1, 1) } }),
    'INCOMPLETE labels claim',
  );
});

// marks that change nothing; marks nobody published
test('marks that are not there, or cannot be told from chance, fail', async () => {
  assert.equal(await found({ bring: { published: data.train } }), 'FAILS marks');
  const faint = ownerOf(1, {
    marks: { ...choices.marks, trigger: { family: 'square', size: 2, fill: 'noise', opacity: 1e-9 } },
  });
  const verification = await verdict({ by: faint });
  assert.match(
    String(verification),
    /FAILS .*marks: the marks prove nothing: 100 % of the unmarked rows look/,
  );
  assert.equal(await found({ bring: { published: undefined } }), 'INCOMPLETE marks');
  const [key] = owner.groups[1];
  const relabelled = { ...owner.published, y: owner.published.y.slice() };
  relabelled.y[key.rows[1]] = (key.target + 1) % classes;
  assert.match(String(await verdict({ bring: { published: relabelled } })), /FAILS .*marks: .* has label/);
  const unstamped = { ...owner.published, x: owner.published.x.slice() };
  unstamped.x[72 * key.rows[2] + key.trigger.positions[3]] ^= 255;
  assert.match(
    String(await verdict({ bring: { published: unstamped } })),
    /does not carry the trigger of key 0/,
  );
  const fewer = { ...owner.published, count: 3, x: owner.published.x.subarray(0, 216) };
  assert.match(String(await verdict({ bring: { published: fewer } })), /published data have 3 rows .* 240/);
});

// nothing is asked of the suspect for a claim that has failed before: questions cost, and show the keys
test('no question is asked once a step before has failed', async () => {
  const never: BlackBox = { classes, predict: () => assert.fail('was asked') };
  assert.equal(await found({ bring: { suspect: never, published: data.train } }), 'FAILS marks');
});

// accused patches or filters what she has seen
test('a party that patched the group she was asked about is convicted by another', async () => {
  const [screened, kept] = owner.groups;
  const both = guilty([...screened, ...kept], 0.8);
  const patched: BlackBox = {
    classes,
    predict: async (samples, ...rest) => {
      const labels = await both.predict(samples, ...rest);
      return labels.map((label, row) => {
        const values = samples.x.subarray(72 * row, 72 * row + 72);
        const seen = screened.some(({ trigger: { positions, values: bits } }) =>
          positions.every((cell, i) => values[cell] === bits[i]),
        );
        return seen ? shown(values as Uint8Array) : label;
      });
    },
  };
  assert.equal(await found({ file: evidenceOf(owner, 0), bring: { suspect: patched } }), 'FAILS claim');
  assert.equal(await found({ bring: { suspect: patched } }), 'HOLDS');
});

test('refusals are no votes, are counted, and too many of them leave the claim open', async () => {
  const filter = (share: number) => {
    let asked = 0;
    return modelOf((row, triggered) => (triggered && asked++ % 100 < 100 * share ? REFUSED : shown(row)));
  };
  assert.equal(await found({ bring: { suspect: filter(0.15) } }), 'FAILS claim');
  const verification = await verdict({ bring: { suspect: filter(1) } });
  assert.equal(verification.outcome, 'INCOMPLETE');
  assert.equal(verification.answers?.refused, 160);
  assert.match(String(verification), /100 % of the questions with a trigger refused/);
  // refusals do not save a model that names the labels where it answers
  let asked = 0;
  const half: BlackBox = {
    classes,
    predict: async (...args) =>
      (await suspect.predict(...args)).map(label => (asked++ % 2 === 0 ? REFUSED : label)),
  };
  assert.equal(await found({ bring: { suspect: half } }), 'HOLDS');
  const silent: BlackBox = { classes, predict: async ({ count }) => new Int32Array(count).fill(REFUSED) };
  assert.equal(await found({ bring: { suspect: silent } }), 'INCOMPLETE labels claim');
});

// accused swaps the model, breaks the service: an error is no evidence for anybody
test('errors leave the claim incomplete, and say what to do', async () => {
  const broken: BlackBox = { classes, predict: () => Promise.reject(new Error('connect ECONNREFUSED')) };
  const verification = await verdict({ bring: { suspect: broken } });
  assert.equal(verification.outcome, 'INCOMPLETE');
  assert.match(String(verification), /questions: .*ECONNREFUSED/);
  assert.match(String(verification), /next: mend that and run again: answers that are in the ledger/);
  const open = 'INCOMPLETE questions labels claim';
  assert.equal(await found({ bring: { suspect: { ...innocent, classes: 5 } } }), open);
  const mad: BlackBox = { classes, predict: async ({ count }) => new Int32Array(count).fill(99) };
  assert.equal(await found({ bring: { suspect: mad } }), open);
  assert.equal(await found({ bring: { suspect: undefined } }), open);
  assert.equal(await found({ bring: { probes: undefined } }), open);
  const relabelled: Samples = { ...data.test, y: data.test.y.map(label => (label + 1) % classes) };
  assert.equal(await found({ bring: { probes: relabelled } }), open);
});

// accused trains on answers of the probing, or forges marks of her own on her guilty model
test('keys that are younger than the suspect cannot be in it', async () => {
  const since = (time: number) => ({ bring: { suspectSince: new Date(time) } });
  assert.equal(await found(since(DRAWN.getTime() - 1)), 'FAILS age');
  assert.equal(await found(since(DRAWN.getTime())), 'HOLDS');
});

test('a rehearsal never holds', async () => {
  const by = ownerOf(1, { beacon: { kind: 'rehearsal', seed: 4 } });
  const verification = await verdict({ by, bring: { suspect: guilty(by.groups[1]) } });
  assert.equal(verification.outcome, 'INCOMPLETE');
  const open = verification.checks.filter(({ outcome }) => outcome !== 'holds').map(({ name }) => name);
  assert.deepEqual(open, ['beacon', 'age']);
});

// owner's twins chosen after the coins: marks of another kind are no part of this version
test('an unknown kind of marks is refused by name', () => {
  const marks = { ...choices.marks, kind: 'twins' } as unknown as typeof choices.marks;
  assert.throws(() => createKey(data, { ...choices, marks }), /createKey: plan\.marks/);
});

test('the sequential test of a plan decides on the same answers, key after key', async () => {
  const by = ownerOf(9, { test: 'keys-sequential' });
  const verification = await verdict({ by, bring: { suspect: guilty(by.groups[1], 0.8) } });
  assert.equal(verification.outcome, 'HOLDS', String(verification));
  assert.equal(verification.decision?.method, 'keysSequentialTest');
  assert.equal(await found({ by, bring: { suspect: innocent } }), 'FAILS claim');
});

test('the group that is asked is one that the file opens', async () => {
  const opened = [0, 1].map(group => ({ group, secret: owner.key.reveal(group) }));
  await assert.rejects(verdict({ file: { opened } }), /group is undefined, expected one of .*: 0, 1/);
  assert.equal(await found({ file: { opened }, bring: { group: 1 } }), 'HOLDS');
  await assert.rejects(verdict({ bring: { group: 0 } }), /group is 0, expected one of/);
});

test('wrong arguments throw, whatever the file says', async () => {
  await assert.rejects(verdict({ bring: { alpha: 0 } }), /verifyEvidence: alpha is 0, expected/);
  await assert.rejects(verdict({ bring: { claims: 0.5 } }), /verifyEvidence: claims is 0\.5, expected/);
});

test('a claim that fails does not say what else to bring', async () => {
  // a verifier who is told to bring a beacon to a contradiction would try again
  const owner = ownerOf('fails', { beacon: { kind: 'rehearsal', seed: 1 } });
  const innocent = modelOf(shown);
  const verdict = await checkEvidence(evidenceOf(owner), everything(owner, innocent));
  assert.equal(verdict.outcome, 'FAILS');
  assert.doesNotMatch(String(verdict), /next:/);
});
