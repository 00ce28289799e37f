import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { useEngine } from '../../src/engine/node';
import { performRun } from '../../src/reproduce/run-one';
import { run } from './killed-run';

const folder = mkdtempSync(join(tmpdir(), 'mib-run-'));
after(() => rmSync(folder, { recursive: true }));

test('a run killed in its second training goes on from there to the same outcome', async () => {
  await useEngine('wasm');
  const env = { ...process.env, MIB_ENGINE: 'wasm' };
  const { signal, stderr } = spawnSync(process.execPath, [join(__dirname, 'killed-run.js'), folder], { env });
  assert.equal(signal, 'SIGKILL', String(stderr));
  const epochsOf = (training: number) =>
    JSON.parse(readFileSync(join(folder, `${training}`, 'checkpoint.json'), 'utf8')).epochs.length;
  assert.equal(epochsOf(0), run.epochs);
  assert.ok(epochsOf(1) >= 1 && epochsOf(1) < run.epochs, `${epochsOf(1)} epochs of the second`);
  const checkpoints = { folder };
  // a run that did not look at the folder would accept another one's
  await assert.rejects(performRun({ ...run, seed: 1 }, undefined, checkpoints), /train: checkpoint is '.*0'/);
  assert.deepEqual(await performRun(run, undefined, checkpoints), await performRun(run));
});
