import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { readArchive } from '../../src/data/archive';
import { tarball, temporaryFolder } from '../fixtures';

async function read(t: TestContext, bytes: Uint8Array, wanted: string[]) {
  const folder = temporaryFolder(t);
  const path = join(folder, 'stored');
  await writeFile(path, bytes);
  try {
    return await readArchive(path, 'some.tgz', wanted);
  } finally {
    assert.deepEqual(await readdir(folder), ['stored'], 'nothing is unpacked to disk');
  }
}

test('readArchive gives the wanted entries only', async t => {
  const long = Buffer.alloc(3 << 20, 'abc'); // longer than one read of the file
  const bytes = tarball(
    { path: 'folder/', type: 'Directory' },
    { path: 'folder/a', body: 'first' },
    { path: 'folder/unknown', body: 'skipped' },
    { path: 'folder/empty' },
    { path: 'folder/long', body: long },
  );
  const entries = await read(t, bytes, ['folder/long', 'folder/a', 'folder/empty']);
  assert.deepEqual([...entries.keys()].sort(), ['folder/a', 'folder/empty', 'folder/long']);
  assert.equal(Buffer.from(entries.get('folder/a') as Uint8Array).toString(), 'first');
  assert.equal(entries.get('folder/empty')?.length, 0);
  assert.ok(long.equals(entries.get('folder/long') as Uint8Array));
});

const honest = { path: 'a', body: 'x'.repeat(5000) };
const hostile: [string, Parameters<typeof tarball>, RegExp][] = [
  ['climbs out', [{ path: '../a', body: 'x' }], /some.tgz, entry \.\.\/a: expected a path inside the folder/],
  ['climbs out inside', [{ path: 'b/../../a', body: 'x' }], /entry b\/\.\.\/\.\.\/a: expected a path inside/],
  ['climbs out backwards', [{ path: 'b\\..\\..\\a', body: 'x' }], /expected a path inside the folder/],
  ['starts at the root', [{ path: '/etc/passwd', body: 'x' }], /entry \/etc\/passwd: expected a path inside/],
  [
    'is a symbolic link',
    [{ path: 'a', type: 'SymbolicLink', linkpath: '/etc/passwd' }],
    /entry a: expected a file or a folder, not SymbolicLink/,
  ],
  ['is a hard link', [{ path: 'a', type: 'Link', linkpath: 'b' }], /not Link/],
  ['is a device', [{ path: 'a', type: 'CharacterDevice' }], /not CharacterDevice/],
  ['comes twice', [honest, honest], /entry a: expected it once/],
];
for (const [what, entries, message] of hostile) {
  test(`readArchive refuses an archive with an entry that ${what}`, async t => {
    // an honest entry before or after must not make it acceptable
    await assert.rejects(read(t, tarball(...entries, { path: 'z', body: 'z' }), ['a', 'z']), message);
    await assert.rejects(read(t, tarball({ path: 'z', body: 'z' }, ...entries), ['a', 'z']), message);
  });
}

test('readArchive refuses an archive without the entry', async t => {
  await assert.rejects(
    read(t, tarball(honest), ['a', 'b']),
    /readArchive: some.tgz has no entry b, expected one/,
  );
});

const whole = tarball({
  path: 'a',
  body: Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i) % 251)),
});
const damaged: [string, Uint8Array][] = [
  ['truncated in its header', whole.subarray(0, 60)],
  ['truncated in its middle', whole.subarray(0, whole.length / 2)],
  ['truncated in its last byte', whole.subarray(0, -1)],
  ['with another byte', Buffer.from(whole).fill(whole[200] ^ 1, 200, 201)],
  ['of which the tar was truncated before packing', gzipSync(gunzipSync(whole).subarray(0, 2048))],
  ['that is a web page', Buffer.from(`<html>${' '.repeat(2000)}</html>`)],
  ['that is empty', Buffer.alloc(0)],
];
for (const [what, bytes] of damaged) {
  test(`readArchive refuses an archive ${what}`, async t => {
    await assert.rejects(
      read(t, bytes, ['a']),
      /readArchive: some.tgz is damaged \(.+\), expected a whole gzipped tar/,
    );
  });
}
