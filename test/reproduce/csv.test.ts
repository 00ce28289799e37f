import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { experimentRows, type ResultRow, readResults, resultRows, toCsv } from '../../src/reproduce/csv';
import { EXPERIMENT_NAMES, runsOf } from '../../src/reproduce/experiments';
import type { Result } from '../../src/reproduce/results';
import { runId } from '../../src/reproduce/run';
import { temporaryFolder } from '../fixtures';

const [run] = runsOf('one-owner', 'quick');
const made = {
  engine: 'wasm, one "thread"',
  node: 'v20',
  commit: '0123456e78', // not a number
  command: 'c',
  started: 't',
  seconds: 1,
};
const verdict = (queries: number) => ({
  queries,
  hits: 1,
  theorem: { pValue: 0.5, rejected: false },
  binomial: { pValue: 0.25, rejected: false },
});
const owner = {
  target: 1,
  marked: 5,
  eligible: 200,
  hits: 50,
  sequential: null,
  verdicts: [verdict(5), verdict(10)],
};
const attack = {
  attack: 'entropy',
  members: 3,
  nonMembers: 4,
  accuracy: 0.5,
  f1: 0.4,
  auc: 0.6,
  tprAt1: 0,
  tprAt01: 0,
};
const outcome = {
  provenance: 'here, there\nand everywhere',
  classes: 10,
  trainRows: 1000,
  testRows: 220,
  trainAccuracy: 0.9,
  testAccuracy: 0.8,
  owners: [owner, { ...owner, marked: 0, hits: 10 }],
  attacks: [attack],
};

test('tables have a line for each measurement, and survive commas, quotes and line breaks', async t => {
  const failed = { ...run, seed: 99 };
  const results = [
    { id: runId(run), run, outcome, made },
    { id: runId(failed), run: failed, error: 'no such data', made },
  ] as Result[];
  const folder = temporaryFolder(t);
  const tables = resultRows(results, 'quick');
  const frame = async (rows: ResultRow[]) => {
    writeFileSync(join(folder, 't.csv'), toCsv(rows));
    return readResults(join(folder, 't.csv'));
  };
  const owners = await frame(tables.owners);
  assert.equal(owners.length, 5);
  const ours = owners.filter(row => row.id === runId(run));
  assert.deepEqual(
    ours.map(row => [row.owner, row.queries]),
    [
      [0, 5],
      [0, 10],
      [1, 5],
      [1, 10],
    ],
  );
  assert.deepEqual(
    ours.map(row => row.attackSuccessRate),
    [0.25, 0.25, 0.05, 0.05],
  );
  assert.ok(ours.every(row => row.engine === made.engine && row.provenance === outcome.provenance));
  assert.ok(ours.every(row => row.commit === made.commit));
  assert.equal(experimentRows('one-owner', owners).length, 4);
  assert.equal(experimentRows('owners', owners).length, 0);
  assert.equal(owners.find(row => row.id === runId(failed))?.error, 'no such data');
  const attacks = await frame(tables.attacks);
  assert.deepEqual(
    attacks.map(row => [row.attack, row.auc]),
    [['entropy', 0.6]],
  );
});

test('committed results are those of today’s experiments', () => {
  // prevents tables that nobody can remake because settings were changed after they had been run
  for (const profile of ['quick', 'cpu'] as const) {
    const path = join(__dirname, '../../../data/results', `${profile}-owners.csv`);
    const known = new Set(EXPERIMENT_NAMES.flatMap(name => runsOf(name, profile)).map(runId));
    const ids = readFileSync(path, 'utf8').match(/(?<=^[a-z0-9 -]+,)[0-9a-f]{16}(?=,)/gm) ?? [];
    assert.ok(ids.length > 0, path);
    for (const id of ids) assert.ok(known.has(id), `${path}: ${id}`);
  }
});
