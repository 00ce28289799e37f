import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { useEngine } from '../../../src/engine/node';
import { type CheckpointRate, checkpointIn } from '../../../src/train/node/checkpoint';
import type { Checkpoint } from '../../../src/train/options';
import { train } from '../../../src/train/train';
import { temporaryFolder } from '../../fixtures';
import { fresh, options, samples } from './killed';

const ready = useEngine('wasm');
const folder = temporaryFolder();

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
  const trained: number[] = [];
  const kept = checkpointIn(folder, { every: 2 });
  const history = await train(resumed, samples, {
    ...options,
    checkpoint: {
      load: kept.load,
      save: (state, epoch) => {
        trained.push(epoch.done);
        return kept.save(state, epoch);
      },
    },
  });
  // a training that started anew would end with the same weights, later
  assert.deepEqual(trained, [1, 2, 3, 4, 5, 6].slice(saved));
  assert.deepEqual(history, expected);
  assert.deepEqual(await resumed.getWeights(), await whole.getWeights());
});

// Written too often, states slow a short training down; too seldom, a stop costs hours.
test('a state is written as often as asked for', async () => {
  await ready;
  const written = async (rate: CheckpointRate, epochs: number) => {
    const path = mkdtempSync(join(folder, 'rate-'));
    const counts: number[] = [];
    const kept = checkpointIn(path, rate);
    const save: Checkpoint['save'] = (state, epoch) =>
      kept.save(() => {
        counts.push(epoch.done);
        return state();
      }, epoch);
    const checkpoint = { load: kept.load, save };
    await train(fresh(), samples, { ...options, batchSize: 200, epochs, checkpoint });
    return counts;
  };
  assert.deepEqual(await written({}, 3), [1, 2, 3]);
  assert.deepEqual(await written({ every: 2 }, 5), [2, 4, 5]);
  assert.deepEqual(await written({ seconds: 3600 }, 3), []);
  assert.throws(() => checkpointIn(folder, { every: 0 }), /checkpointIn: every is 0, expected an integer/);
});

test('a finished training can be prolonged', async () => {
  await ready;
  const path = join(folder, 'prolonged');
  const short = { ...options, batchSize: 30, epochs: 2 };
  await train(fresh(), samples, { ...short, checkpoint: checkpointIn(path) });
  const [whole, resumed] = [fresh(), fresh()];
  const expected = await train(whole, samples, { ...short, epochs: 4 });
  const history = await train(resumed, samples, { ...short, epochs: 4, checkpoint: checkpointIn(path) });
  assert.deepEqual(history, expected);
  assert.deepEqual(await resumed.getWeights(), await whole.getWeights());
});

test("another training's checkpoint, or a damaged one, is refused", async () => {
  await ready;
  const path = join(folder, 'other');
  const quick = { ...options, batchSize: 100, epochs: 1, checkpoint: checkpointIn(path) };
  await train(fresh(), samples, quick);
  await assert.rejects(
    train(fresh(), samples, { ...quick, seed: 9 }),
    /train: checkpoint is '.*other', expected a folder that is empty or of the same samples/,
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
