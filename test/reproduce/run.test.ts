import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXPERIMENT_NAMES, PROFILES, runsOf } from '../../src/reproduce/experiments';
import { checkRuns, runId } from '../../src/reproduce/run';

test('every run of every experiment and profile is valid, and there once', () => {
  for (const profile of PROFILES) {
    for (const name of EXPERIMENT_NAMES) {
      const runs = runsOf(name, profile);
      assert.ok(runs.length > 1, `${name}, ${profile}`);
      checkRuns(JSON.parse(JSON.stringify(runs)));
      assert.equal(new Set(runs.map(runId)).size, runs.length, `${name}, ${profile}`);
    }
  }
});

test('an id depends on all settings, not on how they are written', () => {
  const [run] = runsOf('one-owner', 'quick');
  const backwards = Object.fromEntries(Object.entries(run).reverse()) as typeof run;
  assert.equal(runId(backwards), runId(run));
  assert.equal(runId({ ...run, rows: undefined }), runId(run));
  assert.notEqual(runId({ ...run, seed: run.seed + 1 }), runId(run));
  assert.notEqual(
    runId({ ...run, trigger: { ...run.trigger, opacity: 0.5 } as typeof run.trigger }),
    runId(run),
  );
  // SHA-256 of {"a":[1,2],"b":{"c":0.5}} as sha256sum has it: results of earlier versions stay valid
  const plain = { b: { c: 0.5 }, a: [1, 2] } as unknown as typeof run;
  assert.equal(runId(plain), '3a36d5b0e625029f');
});
