import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { deriveKeys, OwnerKey } from '../../src/claim/key';
import { readKey, writeKey } from '../../src/claim/key-file';
import type { Plan } from '../../src/claim/key-plan';
import { temporaryFolder } from '../fixtures';
import golden from './golden-keys.json';

const folder = temporaryFolder();
const [{ secret, randomness, plan }] = golden;
const key = new OwnerKey([secret], plan as Plan);
const good = join(folder, 'good.json');
writeKey(good, key);

test('a key file gives back the key, is private, and leaves nothing beside it', () => {
  assert.deepEqual(deriveKeys(readKey(good), 0, randomness), golden[0].keys);
  if (process.platform !== 'win32') assert.equal(statSync(good).mode & 0o777, 0o600);
  assert.deepEqual(
    readdirSync(folder).filter(name => name.includes('unfinished')),
    [],
  );
});

test('an existing key is never overwritten', () => {
  assert.throws(() => writeKey(good, key), /exists, expected a new file/);
  // nor through a link, which a renaming would replace, or in a race after a look whether the file is there
  const dangling = join(folder, 'dangling.json');
  symlinkSync(join(folder, 'nowhere.json'), dangling);
  assert.throws(() => writeKey(dangling, key), /exists, expected a new file/);
  assert.equal(readKey(good).reveal(0), secret);
});

function hostile(name: string, content: string | Uint8Array): () => void {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return () => readKey(path);
}

test('hostile key files are refused, each with its reason, and without quoting the secret', () => {
  const text = readFileSync(good, 'utf8');
  const edited = (change: (record: Record<string, unknown>) => void) => {
    const record = JSON.parse(text);
    change(record);
    return JSON.stringify(record);
  };
  const cases: [string, string | Uint8Array, RegExp][] = [
    ['huge', ' '.repeat(2 ** 22 + 1), /has 4194305 bytes, expected at most 4194304/],
    ['empty', '', /not valid JSON/],
    ['cut', text.slice(0, 200), /not valid JSON/],
    ['binary', Buffer.concat([Buffer.from(text), Buffer.of(0xff)]), /not valid JSON in UTF-8/],
    ['array', '[]', /format is undefined, expected mib-key/],
    ['null', 'null', /format is undefined/],
    ['deep', '['.repeat(30000), /not valid JSON/],
    ['version', text.replace('"version": 2', '"version": 1'), /version is 1, expected 2/],
    [
      'evidence',
      edited(record => Object.assign(record, { format: 'mib-evidence' })),
      /format is mib-evidence/,
    ],
    ['extra', edited(record => Object.assign(record, { more: 1 })), /Unrecognized key/],
    ['proto', text.replace('"version"', '"__proto__": {"version": 1}, "version"'), /__proto__/],
    [
      'secret',
      edited(record => Object.assign(record, { secrets: [`${secret}0`] })),
      /secrets\.0: expected 64/,
    ],
    ['missing', edited(record => delete record.secrets), /secrets: /],
    ['none', edited(record => Object.assign(record, { secrets: [] })), /do not belong together/],
    [
      'other',
      edited(record => Object.assign(record, { secrets: ['0'.repeat(64)] })),
      /do not belong together/,
    ],
    ['plan', text.replace('"alpha": 0.001', '"alpha": 0.05'), /do not belong together/],
    ['keys', text.replace('"keys": 12', '"keys": 1e9'), /file\.plan\.marks\.keys is 1000000000: /],
  ];
  for (const [name, content, message] of cases) {
    assert.throws(hostile(name, content), (error: Error) => {
      assert.match(error.message, message);
      assert.match(error.message, /^readKey: /);
      assert.ok(!error.message.includes(secret.slice(0, 16)), `${name} shows the secret`);
      return true;
    });
  }
  assert.throws(() => readKey(folder), /not a regular file/);
});

// a key that others can read is worth nothing, and its owner would not know
test('a key file that others can read is read with a warning', async t => {
  if (process.platform === 'win32') return t.skip('no modes here');
  const open = join(folder, 'open.json');
  writeFileSync(open, readFileSync(good));
  chmodSync(open, 0o640);
  const warned = once(process, 'warning');
  readKey(open);
  assert.match(String(await warned), /open\.json holds secrets and others may read it: chmod 600/);
});
