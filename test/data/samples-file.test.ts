import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSamples, writeSamples } from '../../src/data/samples-file';
import { temporaryFolder } from '../fixtures';

test('a file of samples gives the samples back, and a damaged one a reason', t => {
  const file = join(temporaryFolder(t), 'samples.json');
  const x = Uint8Array.from({ length: 120 * 64 }, (_, i) => i % 251);
  const samples = { x, y: Uint8Array.from({ length: 120 }, (_, i) => i % 10), count: 120, shape: [8, 8, 1] };
  writeSamples(file, samples);
  assert.deepEqual(readSamples(file), samples);
  const text = readFileSync(file, 'utf8');
  const damaged = (from: string, to: string) => () => {
    writeFileSync(file, text.replace(from, to));
    return readSamples(file);
  };
  assert.throws(damaged('"count":120', '"count":119'), /readSamples: file: expected one label a row/);
  assert.throws(
    damaged('"shape":[8,8,1]', '"shape":[8,9,1]'),
    /readSamples: x has 7680 bytes, expected 8640/,
  );
  assert.throws(damaged('"x":"', '"x":"?'), /readSamples: file\.x: /);
});
