import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSummary, type Summary, writeSummary } from '../../src/report/summary';
import { temporaryFolder } from '../fixtures';

const summary: Summary = {
  engine: { name: 'wasm', device: 'WebAssembly' },
  dataset: 'fashion-mnist',
  models: [
    {
      ...{ name: 'marked', testAccuracy: 0.86, queries: 30, hits: 20, attackSuccessRate: 2 / 3 },
      theorem: { threshold: 0.2335, rejected: true },
      binomial: { pValue: 1e-13, rejected: true },
    },
  ],
};

test('a summary is read as it was written, and only when it is complete', () => {
  process.env.MIB_OUT = join(temporaryFolder(), 'out');
  assert.equal(readSummary(), null);
  writeSummary(summary);
  assert.deepEqual(readSummary(), summary);
  const wrong = { ...summary, models: [{ ...summary.models[0], testAccuracy: 86 }] };
  assert.throws(() => writeSummary(wrong), /writeSummary: summary.models.0.testAccuracy is 86/);
  assert.deepEqual(readSummary(), summary, 'a refused summary leaves the last one');
});
