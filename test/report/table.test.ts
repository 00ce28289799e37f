import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataFrame } from 'danfojs-node';
import { tableText } from '../../src/report/table';

const text = (...lines: string[]) => lines.join('\n');

test('numbers are set to the right with one number of decimals, words to the left', () => {
  const rows = [
    { model: 'marked', hits: 28, rate: 0.9333, used: true },
    { model: 'clean', hits: 3, rate: 0.1, used: false },
  ];
  assert.equal(
    tableText(rows, { caption: 'Thirty queries each' }),
    text(
      'Thirty queries each',
      'model   hits    rate  used',
      '──────  ────  ──────  ────',
      'marked    28  0.9333  yes',
      'clean      3  0.1000  no',
    ),
  );
});

test('a danfojs data frame reads as the rows that it was made of', () => {
  const rows = [
    { K: 10, threshold: '23.35 %' },
    { K: 100, threshold: '9.1 %' },
  ];
  assert.equal(tableText(new DataFrame(rows)), tableText(rows));
  assert.equal(tableText(rows).split('\n')[2], ' 10    23.35 %');
});

test('an error and a whole belong to a number', () => {
  const lines = tableText([
    { rate: '68.7 ± 0.4 %', found: '8 of 8' },
    { rate: '9.1 %', found: '71 of 80' },
  ]).split('\n');
  assert.deepEqual(lines.slice(2), ['68.7 ± 0.4 %    8 of 8', '       9.1 %  71 of 80']);
});

test('accents take no room of their own, and blanks stay blank', () => {
  const lines = tableText([
    { α̂: 'β̂', p: 1e-9 },
    { α̂: 'γγ', p: Number.NaN },
  ]).split('\n');
  assert.deepEqual(lines, ['α̂         p', '──  ───────', 'β̂   1.00e-9', 'γγ']);
});

test('an empty table is refused', () => {
  assert.throws(() => tableText([]), /showTable: table is empty, expected a data frame or an array/);
});
