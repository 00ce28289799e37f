import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { deriveGroup } from '../../src/claim/derive';
import { createKey } from '../../src/claim/key';
import { probeKeys } from '../../src/claim/probe-keys';
import { takeSamples } from '../../src/data/take';
import { keysSequentialTest } from '../../src/decide/keys-sequential';
import { sha256 } from '../../src/files';
import { stamp } from '../../src/mark/stamp';
import { ledgerIn } from '../../src/probe/remote/ledger';
import type { BlackBox, Samples } from '../../src/types';
import { temporaryFolder } from '../fixtures';

// the first eight bits of a row are its number, so that an answer depends on which row was asked about
function numbered(count: number): Samples {
  const x = Uint8Array.from({ length: count * 40 }, (_, i) => (i % 40 < 8 ? ((i / 40) >> (i % 40)) & 1 : 0));
  return { x, y: new Uint8Array(count).fill(4), count, shape: [40] };
}

const classNames = ['a', 'b', 'c', 'd', 'e'];
const data = { classNames, train: numbered(100), test: numbered(200) };
const key = createKey(
  data,
  {
    marks: { kind: 'keys', trigger: { family: 'bits', length: 8, chance: 0.6 }, keys: 4, rowsPerKey: 2 },
    queriesPerKey: 30,
    control: 20,
    alpha: 0.01,
    beacon: { kind: 'rehearsal', seed: 1 },
  },
  ['ab'.repeat(32)],
);
const { keys, control, order } = deriveGroup(key.plan, 0, key.reveal(0), sha256('beacon'));

/** Answers by the sum of weighted bits: any change of row or trigger shows. */
function answer(samples: Samples): Int32Array {
  return Int32Array.from({ length: samples.count }, (_, row) => {
    let sum = 0;
    for (let cell = 0; cell < 40; cell++) sum += samples.x[row * 40 + cell] * (cell * cell + 1);
    return sum % 5;
  });
}

const box: BlackBox = { classes: 5, predict: async samples => answer(samples) };

// prevents answers in the order of asking being taken for answers in the order of the key's rows
test('each answer belongs to its row, stamped or not, in whatever order it was asked', async () => {
  for (const options of [{}, { order }, { sequential: keysSequentialTest({ classes: 5, alpha: 1e-9 }) }]) {
    const asking = { control, batchSize: 7, concurrency: 2, ...options };
    const probing = await probeKeys(box, data.test, keys, asking);
    keys.forEach((each, j) => {
      const stamped = stamp(takeSamples(data.test, each.probes), each.trigger);
      assert.deepEqual(probing.answers[j], answer(stamped));
    });
    assert.deepEqual(probing.control, answer(takeSamples(data.test, control)));
    assert.equal(probing.sent, 140);
  }
});

// questions that were paid for are not asked again
test('an interrupted asking goes on where it stopped, for the same group only', async t => {
  const file = join(temporaryFolder(t), 'ledger');
  let asked = 0;
  const counting = (limit: number): BlackBox => ({
    classes: 5,
    predict: async samples => {
      if (asked + samples.count > limit) throw new Error('the line is dead');
      asked += samples.count;
      return answer(samples);
    },
  });
  const options = { control, order, batchSize: 10, ledger: ledgerIn(file) };
  await assert.rejects(probeKeys(counting(75), data.test, keys, options), /the line is dead/);
  assert.equal(asked, 70);
  const resumed = await probeKeys(counting(140), data.test, keys, options);
  assert.equal(asked, 140);
  assert.deepEqual(resumed.answers, (await probeKeys(box, data.test, keys, { control })).answers);
  const other = deriveGroup(key.plan, 0, key.reveal(0), sha256('another beacon'));
  const again = { ...options, control: other.control, order: other.order };
  await assert.rejects(probeKeys(box, data.test, other.keys, again), /another plan|expected/);
});

// a box in this process, or one that logs, would otherwise be told the owner's labels
test('no label goes to the box with the questions', async () => {
  const seen: number[] = [];
  const watching: BlackBox = {
    classes: 5,
    predict: async samples => {
      seen.push(...samples.y);
      return answer(samples);
    },
  };
  await probeKeys(watching, data.test, keys, { control });
  assert.deepEqual(new Set(seen), new Set([0]));
});

// the plan's sequential test may end the asking after a key; the control is still asked
test('with the sequential test no key is asked after the one with which it rejects', async () => {
  const guilty: BlackBox = {
    classes: 5,
    predict: async samples =>
      Int32Array.from({ length: samples.count }, (_, row) => {
        const bits = samples.x.subarray(row * 40, row * 40 + 40);
        const seen = keys.find(({ trigger }) =>
          trigger.positions.every((cell, i) => bits[cell] === trigger.values[i]),
        );
        return seen?.target ?? 0;
      }),
  };
  const sequential = keysSequentialTest({ classes: 5, alpha: 0.05 });
  const { answers, control: plain } = await probeKeys(guilty, data.test, keys, { control, sequential });
  assert.ok(answers.length < keys.length, `${answers.length} keys asked`);
  assert.equal(plain.length, 20);
});

test('progress counts the questions of all keys, and refusals are counted', async () => {
  const seen: number[] = [];
  const silent: BlackBox = { classes: 5, predict: async ({ count }) => new Int32Array(count).fill(-1) };
  const onProgress = ({ done, total }: { done: number; total: number }) => {
    assert.equal(total, 140);
    seen.push(done);
  };
  const { refused } = await probeKeys(silent, data.test, keys, { control, batchSize: 30, onProgress });
  assert.equal(refused, 140);
  assert.equal(seen.at(-1), 140);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
});
