import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { Journal, type JournalKind } from '../src/journal';
import { temporaryFolder } from './fixtures';

type Line = { n: number; text?: string };
const KIND: JournalKind<Line> = {
  caller: 'test',
  format: 'mib-test',
  version: 1,
  chained: true,
  about: { plan: 'é', seed: 7 },
  schema: z.strictObject({ n: z.int(), text: z.string().optional() }),
  mode: 0o600,
};
const PLAIN = { ...KIND, chained: false };

function fileIn(t: TestContext): string {
  return join(temporaryFolder(t), 'j.jsonl');
}

/** The lines of a journal; adds `lines`. */
async function visit(path: string, kind: JournalKind<Line>, ...lines: Line[]): Promise<Line[]> {
  const found: Line[] = [];
  const journal = Journal.open(path, kind, line => found.push(line));
  try {
    if (lines.length > 0) journal.append(lines);
    await journal.flush();
    return found;
  } finally {
    journal.close();
  }
}

function collectWarnings(t: TestContext): string[] {
  const warnings: string[] = [];
  t.mock.method(process, 'emitWarning', (warning: string) => warnings.push(warning));
  return warnings;
}

for (const [name, kind] of Object.entries({ chained: KIND, plain: PLAIN })) {
  test(`${name}: what was added is there, and a file cut anywhere goes on`, async t => {
    const path = fileIn(t);
    assert.deepEqual(await visit(path, kind, { n: 1 }, { n: 2, text: 'ü\n' }), []);
    assert.deepEqual(await visit(path, kind, { n: 3 }), [{ n: 1 }, { n: 2, text: 'ü\n' }]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const bytes = readFileSync(path);
    const header = bytes.indexOf('\n') + 1;
    const warnings = collectWarnings(t);
    for (let size = 0; size < bytes.length; size++) {
      const cut = bytes.subarray(0, size);
      writeFileSync(path, cut);
      // a beginning that does not even say whose file it is may be anybody's
      if (size > 0 && size < '{"format":"mib-test"'.length) {
        await assert.rejects(visit(path, kind), /:1: this is no mib-test file/);
        assert.deepEqual(readFileSync(path), cut);
        continue;
      }
      const whole = cut.toString('latin1').split('\n').length - 2;
      const found = await visit(path, kind, { n: 9 });
      assert.equal(found.length, Math.max(0, whole), `cut at ${size}`);
      assert.deepEqual(await visit(path, kind), [...found, { n: 9 }]);
    }
    const torn = bytes.length - header - 3; // cuts within the last three lines, not between them
    assert.equal(warnings.length, torn);
    assert.match(warnings[0], /dropped the torn last line \(1 bytes\)/);
  });
}

test('a chained journal is refused when any byte was changed or any line is missing', async t => {
  const path = fileIn(t);
  await visit(path, KIND, { n: 1 }, { n: 2 }, { n: 3 });
  const bytes = readFileSync(path);
  for (let place = 0; place < bytes.length - 1; place++) {
    const damaged = Buffer.from(bytes);
    damaged[place] ^= 1;
    writeFileSync(path, damaged);
    await assert.rejects(visit(path, KIND), /^Error: test: .*j\.jsonl:\d: /, `at ${place}`);
    assert.deepEqual(readFileSync(path), damaged);
  }
  const lines = bytes.toString().split('\n');
  for (let line = 0; line < 3; line++) {
    writeFileSync(path, lines.filter((_, i) => i !== line).join('\n'));
    await assert.rejects(visit(path, KIND), /:\d: /);
  }
});

// `reproduce --out notes.json` once emptied the file: its last line had no end, so it was "torn"
test('nothing is written to, or cut from, a file of anybody else', async t => {
  const path = fileIn(t);
  const ours = { format: 'mib-test', version: 1, about: KIND.about };
  const foreign = [
    'notes without a final line end',
    '{"dear": "diary"}',
    '{',
    'null',
    '\n',
    '\n{"format":"mib-test"',
    JSON.stringify({ ...ours, format: 'mib-other' }),
    `${JSON.stringify({ ...ours, version: 2 })}\n{"n":1}`,
    `${JSON.stringify({ ...ours, about: { plan: 'é', seed: 8 } })}\n{"n":1}`,
    `${JSON.stringify({ ...ours, about: { plan: 'é' } })}\n{"n":1}`,
    `${JSON.stringify({ ...ours, about: { ...KIND.about, more: true } })}\n{"n":1}`,
    JSON.stringify({ ...ours, about: null }),
    `${JSON.stringify(ours)}x`,
  ];
  for (const content of [...foreign.map(text => Buffer.from(text)), Buffer.from([0, 255, 254, 10, 0])]) {
    for (const kind of [KIND, PLAIN]) {
      writeFileSync(path, content);
      await assert.rejects(visit(path, kind), /^Error: test: .*j\.jsonl:1: /, content.toString());
      assert.deepEqual(readFileSync(path), content);
      assert.deepEqual(readdirSync(join(path, '..')), ['j.jsonl']);
    }
  }
  writeFileSync(path, foreign[8]);
  await assert.rejects(visit(path, PLAIN), /its seed is 8, expected 7/);
});

test('a torn last line is left where it is when a line before is damaged', async t => {
  const path = fileIn(t);
  await visit(path, PLAIN, { n: 1 });
  for (const damage of ['{"n":1.5}\n{"n":', '{"n":1,"m":2}\n{"n":', 'n\n{"n":']) {
    const content = readFileSync(path, 'utf8') + damage;
    const copy = `${path}.copy`;
    writeFileSync(copy, content);
    await assert.rejects(visit(copy, PLAIN), /j\.jsonl\.copy:3: /);
    assert.equal(readFileSync(copy, 'utf8'), content);
  }
  // and where the caller finds that the lines don't fit together
  const content = `${readFileSync(path, 'utf8')}{"n":`;
  writeFileSync(path, content);
  const refuse = () => {
    throw new Error('a second time');
  };
  assert.throws(() => Journal.open(path, PLAIN, refuse), /j\.jsonl:2: a second time/);
  assert.equal(readFileSync(path, 'utf8'), content);
});

test('what is no file is named, and not waited for', { skip: process.platform === 'win32' }, async t => {
  const path = fileIn(t);
  const at = (name: string) => join(path, '..', name);
  mkdirSync(at('folder'));
  spawnSync('mkfifo', [at('pipe')]);
  writeFileSync(at('target'), 'precious');
  symlinkSync(at('target'), at('link'));
  symlinkSync(at('nowhere'), at('dangling'));
  await assert.rejects(visit(at('folder'), KIND), /folder is a folder, expected a file or a new name/);
  await assert.rejects(visit(at('pipe'), KIND), /pipe is a pipe or device, expected/);
  await assert.rejects(visit(at('link'), KIND), /link is a symbolic link, expected/);
  await assert.rejects(visit(at('dangling'), KIND), /dangling is a symbolic link, expected/);
  await assert.rejects(visit(join(at('missing'), 'j'), KIND), /can't write to .*missing: ENOENT/);
  assert.equal(existsSync(at('nowhere')), false);
  assert.equal(readFileSync(at('target'), 'utf8'), 'precious');
});

test('journals about the same, one after the other, are a journal', async t => {
  for (const kind of [KIND, PLAIN]) {
    const path = fileIn(t);
    await visit(path, kind, { n: 1 }, { n: 2 });
    writeFileSync(path, Buffer.concat([readFileSync(path), readFileSync(path)]));
    await visit(path, kind, { n: 3 });
    assert.deepEqual((await visit(path, kind)).map(({ n }) => n).join(''), '12123');
    const other = `${path}.other`;
    await visit(other, { ...kind, about: {} }, { n: 4 });
    writeFileSync(path, Buffer.concat([readFileSync(path), readFileSync(other)]));
    await assert.rejects(
      visit(path, kind),
      /:8: it belongs to something else: its plan is undefined, expected "é"/,
    );
  }
});

test('a line that could not be read again is not written', async t => {
  const path = fileIn(t);
  const journal = Journal.open(path, KIND, () => {});
  assert.throws(() => journal.append([{ n: 1 }, { n: 0.5 }]), /test: line\.n is 0\.5/);
  journal.append([{ n: 2 }]);
  journal.close();
  assert.deepEqual(await visit(path, KIND), [{ n: 2 }]);
});

test('one process at a time', async t => {
  const path = fileIn(t);
  const journal = Journal.open(path, KIND, () => {});
  await assert.rejects(visit(path, KIND), /held by process \d+ on .*, expected no other process/);
  journal.close();
  await visit(path, KIND);
  // an error on the way gives the lock back
  writeFileSync(path, 'foreign');
  for (let i = 0; i < 2; i++) await assert.rejects(visit(path, KIND), /this is no mib-test file/);
});

// half a line in the middle of a file would be damage that nothing can repair
test('a full disk leaves whole lines, and the file goes on', {
  skip: process.platform === 'win32',
}, async t => {
  const path = fileIn(t);
  // the limit on a file's size stops a write half way, as a full disk does
  const script = `
    const { Journal } = require(${JSON.stringify(require.resolve('../src/journal'))});
    const { z } = require(${JSON.stringify(require.resolve('zod'))});
    const schema = z.object({ n: z.int() });
    const kind = { ...${JSON.stringify(KIND)}, schema };
    const journal = Journal.open(${JSON.stringify(path)}, kind, () => {});
    let n = 0;
    const fill = text => { for (;;) { journal.append([{ n, text }]); n++; } };
    try { fill('long '.repeat(20)); } catch (error) { console.log(error.message); }
    try { fill(''); } catch {} // a shorter line may still fit
    console.log(n);`;
  const words = ['-c', `ulimit -f 8; exec "$0" -e "$1"`, process.execPath, script];
  const { stdout, stderr } = spawnSync('sh', words, { encoding: 'utf8' });
  assert.match(stdout, /^test: can't write to .*EFBIG.*expected room on the disk; .* is safe/, stderr);
  const count = Number(stdout.trim().split('\n').pop());
  assert.ok(count > 10);
  assert.equal(readFileSync(path).at(-1), 10);
  const found = await visit(path, KIND, { n: -1 });
  assert.deepEqual(
    found.map(({ n }) => n),
    Array.from({ length: count }, (_, n) => n),
  );
});

// after a failed fsync the kernel may have forgotten what it could not write: a later one that succeeds proves nothing
test('after a failed flush nothing more counts', async t => {
  const path = fileIn(t);
  const journal = Journal.open(path, KIND, () => {});
  journal.append([{ n: 1 }]);
  journal.close(); // takes the file away under it
  await assert.rejects(journal.flush(), /can't write to .*EBADF/);
  assert.throws(() => journal.append([{ n: 2 }]), /can't write to/);
  await assert.rejects(journal.flush(), /can't write to/);
});

test('a file that may not be read or written is named', { skip: process.getuid?.() === 0 }, async t => {
  const path = fileIn(t);
  writeFileSync(path, '');
  chmodSync(path, 0o400);
  await assert.rejects(visit(path, KIND), /can't be opened \(EACCES/);
});
