import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalJson, readLimited } from '../src/files';
import { temporaryFolder } from './fixtures';

test('canonical JSON is that of RFC 8785', () => {
  // the RFC's own example, section 3.2.3: names in the order of their UTF-16 code units
  const names = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
  const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
  const text = canonicalJson(Object.fromEntries(names.map(name => [name, 0])));
  assert.equal(text, `{${sorted.map(name => `${JSON.stringify(name)}:0`).join(',')}}`);
  // JavaScript keeps names that are whole numbers in numerical order, whatever order they were set in
  assert.equal(canonicalJson({ '9': 2, '10': 1 }), '{"10":1,"9":2}');
  // section 3.2.2
  const numbers = JSON.parse('[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0]');
  assert.equal(canonicalJson(numbers), '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]');
  assert.equal(canonicalJson({ b: undefined, a: [{ d: null, c: true }] }), '{"a":[{"c":true,"d":null}]}');
  // a number that JSON does not have must not turn into a null that hashes as well
  assert.throws(() => canonicalJson({ rate: Number.NaN }), /NaN/);
});

// a key or evidence file that is a pipe must not hang the program, nor a device fill the memory
test('only regular files up to a limit are read', { skip: process.platform === 'win32' }, t => {
  const path = join(temporaryFolder(t), 'f');
  writeFileSync(path, 'four');
  assert.equal(String(readLimited('test', path, 4)), 'four');
  assert.throws(() => readLimited('test', path, 3), /has 4 bytes, expected at most 3/);
  spawnSync('mkfifo', [`${path}.pipe`]);
  assert.throws(() => readLimited('test', `${path}.pipe`, 9), /f\.pipe is not a regular file/);
  assert.throws(() => readLimited('test', '/dev/zero', 9), /not a regular file/);
  assert.throws(() => readLimited('test', temporaryFolder(t), 9), /not a regular file|cannot be read/);
  assert.throws(() => readLimited('test', `${path}.none`, 9), /f\.none is missing/);
});
