import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { takeSamples } from '../../../src/data/take';
import type { Trigger } from '../../../src/mark/trigger';
import { type ProbeOptions, probe } from '../../../src/probe/probe';
import type { AskingPlan } from '../../../src/probe/record';
import { ledgerIn } from '../../../src/probe/remote/ledger';
import { type BlackBox, REFUSED, type Samples } from '../../../src/types';
import { numberedRows, temporaryFolder } from '../../fixtures';

const trigger: Trigger = { family: 'bits', shape: [4], positions: [3], values: [1], opacity: 1 };
const samples: Samples = numberedRows(40, 4);
/** Answers by the first two bits; 3 is a refusal. */
const box: BlackBox = {
  classes: 3,
  predict: async ({ x, count }) =>
    Int32Array.from({ length: count }, (_, row) => [0, 1, 2, REFUSED][x[row * 4] + 2 * x[row * 4 + 1]]),
};
const options: ProbeOptions = { trigger, target: 1, queries: 24, seed: 5, batchSize: 5, control: false };
const plan: AskingPlan = {
  trigger,
  samples,
  seed: 1,
  target: 1,
  classes: 3,
  queries: 9,
  anyLabel: false,
  model: {},
};

/** Lets `box` fail for good after some requests; notes what it was asked. */
function failing(requests: number, asked: string[] = []): BlackBox {
  return {
    classes: 3,
    predict: async batch => {
      if (requests-- <= 0) throw new Error('gone');
      for (let row = 0; row < batch.count; row++) asked.push(String(batch.x.subarray(row * 4, row * 4 + 4)));
      return box.predict(batch);
    },
  };
}

test('an interrupted probing goes on where it stopped and asks nothing twice', async t => {
  const ledger = ledgerIn(join(temporaryFolder(t), 'l.jsonl'));
  const whole = await probe(box, samples, options);
  const asked: string[] = [];
  for (const requests of [2, 0, 1]) {
    await assert.rejects(probe(failing(requests, asked), samples, { ...options, ledger }), /queries.*gone/);
  }
  assert.equal(asked.length, 15);
  let first: number | undefined;
  const onProgress = (now: { done: number }) => (first ??= now.done);
  const result = await probe(failing(99, asked), samples, { ...options, ledger, onProgress });
  assert.deepEqual({ ...result, sent: 24 }, whole);
  assert.equal(result.sent, 24 + 3 * 5); // three failures, each of a batch that may have been charged
  assert.equal(asked.length, 24);
  assert.equal(first, 15);
  assert.ok(result.refused > 0);
  // done is done: not a single request more
  assert.deepEqual(await probe(failing(0), samples, { ...options, ledger }), result);
});

test('a ledger cut between any two bytes goes on; with a line missing or twice it is refused', async t => {
  const path = join(temporaryFolder(t), 'l.jsonl');
  const short = { ...options, queries: 4, batchSize: 2, ledger: ledgerIn(path) };
  const whole = await probe(box, samples, short);
  const bytes = readFileSync(path);
  t.mock.method(process, 'emitWarning', () => {});
  for (let size = bytes.indexOf('\n') + 1; size < bytes.length; size += 7) {
    writeFileSync(path, bytes.subarray(0, size));
    const { sent, ...result } = await probe(box, samples, short);
    assert.ok(sent >= 4);
    assert.deepEqual({ ...result, sent: 4 }, whole, `cut at ${size}`);
  }
  const lines = bytes.toString().split('\n');
  for (let line = 0; line < lines.length - 2; line++) {
    writeFileSync(path, lines.filter((_, i) => i !== line).join('\n'));
    await assert.rejects(probe(box, samples, short), /ledgerIn: .*:\d+: /);
  }
  writeFileSync(path, Buffer.concat([bytes, bytes]));
  await assert.rejects(probe(box, samples, short), /ledgerIn: .*: query \d is answered a second time/);
});

// the chain does not know what the plan asks: an answer with a chain of its own must fit too
test('an answer about another row or another input is refused', t => {
  const path = join(temporaryFolder(t), 'l.jsonl');
  const batch = { queries: [0], rows: [3], inputs: takeSamples(samples, [3]) };
  const record = ledgerIn(path).open(plan);
  record.answer(batch, Int32Array.of(2));
  record.close();
  const again = ledgerIn(path).open(plan);
  assert.deepEqual([...again.recall(batch)], [2]);
  assert.throws(() => again.recall({ ...batch, rows: [4] }), /query 0 does not ask what the plan asks/);
  const inputs = takeSamples(samples, [5]);
  assert.throws(() => again.recall({ ...batch, inputs }), /query 0 does not ask what the plan asks/);
  again.close();
});

test('another plan, other samples, another trigger or another model are refused', async t => {
  const ledger = ledgerIn(join(temporaryFolder(t), 'l.jsonl'));
  // with a forgotten scale the answers are another model's: 30 of 240 hits were found again after the correction
  const scaled = (scale: number) => ({ settings: { preprocess: { scale } } });
  await probe({ ...box, name: 'a', ...scaled(1) }, samples, { ...options, ledger });
  const others: [RegExp, Partial<ProbeOptions>, Partial<Samples>, Partial<BlackBox>][] = [
    [/its seed is 5, expected 6/, { seed: 6 }, {}, {}],
    [/its target is 1, expected 2/, { target: 2 }, {}, {}],
    [/its queries is 24, expected 25/, { queries: 25 }, {}, {}],
    [/its anyLabel is false, expected true/, { anyLabel: true }, {}, {}],
    [/its inputs is/, { trigger: { ...trigger, values: [0] } }, {}, {}],
    [/its inputs is/, {}, { x: samples.x.map(bit => 1 - bit) }, {}],
    [/its model\.name is "a", expected "b"/, {}, {}, { name: 'b' }],
    [/its model\.preprocess is \{"scale":1\}, expected undefined/, {}, {}, { settings: {} }],
    [/its model\.preprocess is \{"scale":1\}, expected \{"scale":2\}/, {}, {}, scaled(2)],
  ];
  for (const [expected, option, sample, model] of others) {
    const other = probe(
      { ...box, name: 'a', ...scaled(1), ...model },
      { ...samples, ...sample },
      { ...options, ...option, ledger },
    );
    await assert.rejects(other, expected);
  }
});

test('attempts are counted across interruptions, against the budget', async t => {
  const path = join(temporaryFolder(t), 'l.jsonl');
  const ledger = ledgerIn(path);
  const stubborn: BlackBox = {
    classes: 3,
    predict: async (batch, request) => {
      request?.onRetry?.();
      return box.predict(batch);
    },
  };
  await assert.rejects(probe(failing(0), samples, { ...options, ledger }), /gone/);
  const capped = { ...options, ledger, budget: 20 };
  await assert.rejects(
    probe(stubborn, samples, capped),
    /queries 5\.\.9: the budget of 20 queries is spent \(20 sent, 5 of 24 answered\)/,
  );
  await assert.rejects(probe(box, samples, capped), /the budget of 20 queries is spent/);
  await probe(box, samples, { ...options, ledger });
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  const attempts = new Map(lines.filter(line => 'query' in line).map(line => [line.query, line.attempt]));
  assert.deepEqual([attempts.get(0), attempts.get(5), attempts.get(23)], [3, 2, 1]);
});
