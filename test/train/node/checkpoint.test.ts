import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { useEngine } from '../../../src/engine/node';
import { train } from '../../../src/train/train';
import { fresh, options, samples } from './killed';

const ready = useEngine('wasm');
const folder = mkdtempSync(join(tmpdir(), 'mib-checkpoint-'));
after(() => rmSync(folder, { recursive: true }));

test('a training killed in the middle of an epoch goes on to the same result, to the last bit', async () => {
  await ready;
  const env = { ...process.env, MIB_ENGINE: 'wasm' };
  const { signal, stderr } = spawnSync(process.execPath, [join(__dirname, 'killed.js'), folder], { env });
  assert.equal(signal, 'SIGKILL', String(stderr));
  // what a process killed while writing leaves behind
  writeFileSync(join(folder, 'checkpoint.json.unfinished'), '{');
  writeFileSync(join(folder, 'checkpoint-0123456789abcdef.bin'), 'half');
  const saved = JSON.parse(readFileSync(join(folder, 'checkpoint.json'), 'utf8')).epochs.length;
  assert.ok(saved >= 1 && saved < options.epochs, `${saved} epochs were saved`);

  const [whole, resumed] = [fresh(), fresh()];
  const expected = await train(whole, samples, options);
  const seen: number[] = [];
  const history = await train(resumed, samples, {
    ...options,
    checkpoint: { folder, every: 2 },
    onProgress: ({ done }) => seen.push(done),
  });
  assert.ok(seen.length === 0 || seen[0] > saved * samples.count); // it did not start anew
  assert.deepEqual(history, expected);
  assert.deepEqual(await resumed.getWeights(), await whole.getWeights());
});

test('a finished training can be prolonged', async () => {
  await ready;
  const path = join(folder, 'prolonged');
  const short = { ...options, batchSize: 30, epochs: 2 };
  await train(fresh(), samples, { ...short, checkpoint: { folder: path } });
  const [whole, resumed] = [fresh(), fresh()];
  const expected = await train(whole, samples, { ...short, epochs: 4 });
  const history = await train(resumed, samples, { ...short, epochs: 4, checkpoint: { folder: path } });
  assert.deepEqual(history, expected);
  assert.deepEqual(await resumed.getWeights(), await whole.getWeights());
});

test("another training's checkpoint, or a damaged one, is refused", async () => {
  await ready;
  const path = join(folder, 'other');
  const quick = { ...options, batchSize: 100, epochs: 1, checkpoint: { folder: path } };
  await train(fresh(), samples, quick);
  await assert.rejects(
    train(fresh(), samples, { ...quick, seed: 9 }),
    /train: checkpoint.folder is .*other, which holds another training's/,
  );
  await train(fresh(), samples, { ...quick, epochs: 2 });
  await assert.rejects(
    train(fresh(), samples, quick),
    /train: epochs is 1, expected at least 2 as in .*other/,
  );
  const text = readFileSync(join(path, 'checkpoint.json'), 'utf8');
  writeFileSync(join(path, 'checkpoint.json'), text.replace('"epoch":0', '"epoch":1'));
  await assert.rejects(
    train(fresh(), samples, { ...quick, epochs: 2 }),
    /train: .*checkpoint.json or .* was altered/,
  );
});
