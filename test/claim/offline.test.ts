import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  checkEvidence,
  createKey,
  deriveKeys,
  type Evidence,
  localModel,
  markWithKeys,
  openBeacon,
  readEvidence,
  verifyEvidence,
  writeEvidence,
} from '../../src';
import { buildModel } from '../../src/train/model';
import { train } from '../../src/train/train';
import { learnable, temporaryFolder } from '../fixtures';
import golden from './golden-offline-token.json';
import stamps from './golden-time-stamps.json';

// drand's own round 1000 of quicknet
const beacon = {
  kind: 'drand' as const,
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971' as const,
  round: 1000,
};
const signature =
  'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39';

const kind = { shape: [200], classes: 10 };
const data = {
  classNames: Array.from({ length: 10 }, (_, k) => `class ${k}`),
  train: learnable(3000, 1, kind),
  test: learnable(300, 2, kind),
};
const key = createKey(
  data,
  {
    marks: { kind: 'keys', trigger: { family: 'bits', length: 12, chance: 0.5 }, keys: 12, rowsPerKey: 25 },
    queriesPerKey: 15,
    alpha: 0.01,
    beacon,
  },
  ['6d'.repeat(32)],
);
const root = Buffer.from(golden.root, 'base64');

// the whole promise: a real marked model, a real round of drand, a time stamp, and nothing looked up anywhere
test('a claim is verified from file, data, probes, model and root certificate alone, without a network', async t => {
  assert.equal(golden.commitment, key.commitment, 'run make_offline_token.sh with this commitment');
  const { randomness } = openBeacon(beacon, { kind: 'drand', signature });
  const published = markWithKeys(data.train, deriveKeys(key, 0, randomness)).samples;
  const model = buildModel('mlp', { ...kind, width: 64, seed: 1 });
  await train(model, published, { epochs: 12, batchSize: 32, learningRate: 0.05, momentum: 0.9, seed: 1 });
  const path = join(temporaryFolder(t), 'evidence.json');
  const token = Buffer.from(golden.token, 'base64');
  writeEvidence(path, { key, groups: [0], beacon: { kind: 'drand', signature }, token, suspect: 'a model' });

  t.mock.method(Socket.prototype, 'connect', () => assert.fail('asked the network'));
  const all = { published, probes: data.test, suspect: localModel(model), roots: [root] };
  const verification = await verifyEvidence(path, all);
  assert.equal(verification.outcome, 'HOLDS', String(verification));
  assert.equal(verification.claim.claims, 10_000); // a time stamp shows age, not that there is one commitment only
  assert.ok((verification.room ?? 0) >= 10_000);

  // an owner's own authority: as long as its root is not among the verifier's, nothing is shown or contradicted
  const foreign = Buffer.from(stamps.roots.foreign, 'base64');
  for (const roots of [undefined, [foreign]]) {
    const { outcome, checks } = await verifyEvidence(path, { ...all, roots });
    const open = checks.filter(check => check.outcome !== 'holds').map(({ name }) => name);
    assert.deepEqual([outcome, open], ['INCOMPLETE', ['age']]);
  }
  // a plan that was altered after the stamp, a second encoding of the signature, a point outside the subgroup
  const evidence = readEvidence('test', path);
  const failed = async (changes: Partial<Evidence>) => {
    const { checks } = await checkEvidence({ ...evidence, ...changes }, all);
    return checks.filter(({ outcome }) => outcome === 'FAILS').map(({ name }) => name);
  };
  assert.deepEqual(await failed({ plan: { ...evidence.plan, alpha: 0.02 } }), ['age']);
  const twisted =
    '8ef15ea9d27662e33ed92554ce94c34949d6897973533ecd9c7b9aa89bd9b900fa7fbe582bb55b372fec8de26fb9051b';
  assert.deepEqual(await failed({ beacon: { kind: 'drand', signature: twisted } }), ['beacon']);
  assert.deepEqual(await failed({ beacon: { kind: 'drand', signature: signature.toUpperCase() } }), [
    'beacon',
  ]);
  const other = { ...evidence.plan, beacon: { ...beacon, round: 1001 } };
  assert.deepEqual(await failed({ plan: other }), ['beacon']);
  model.dispose();
});
