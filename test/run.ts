import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

/*
 * `npm test`: runs every `*.test.ts` under test/, at any depth, and prints what failed, what was skipped and the
 * counts. `npm run test:quick` leaves out the notebooks, `npm run test:long` runs `*.long.test.ts` and nothing else.
 * Words after `--` choose files whose path contains one of them: `npm test -- decide random`.
 *
 * The list is read from the sources: a compiled test without a source does not run, a source without a compiled test
 * is a failure, and so is a file of which not every test was executed.
 */

const COMPILED = __dirname; // dist/test
const SOURCES = join(COMPILED, '..', '..', 'test');
const LIMIT = 10 * 60_000; // milliseconds for one file: a file that hangs is named
const OUTPUT = 40; // lines of a crashed file that are shown
// the longest first, so that the end of the run has no core waiting for another
const ORDER = [
  'notebook/started',
  'notebook/others',
  'notebook/',
  'reproduce/',
  'train/',
  'claim/',
  'engine/',
  'probe/',
  '',
];

interface Options {
  quick: boolean;
  long: boolean;
  words: string[];
}

/** What is known of one file while it runs. */
interface Progress {
  expected: number;
  executed: number;
  output: string[];
  crashed: boolean;
}

function selectTests({ quick, long, words }: Options): string[] {
  const rank = (name: string) => ORDER.findIndex(start => name.startsWith(start));
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .map(path => path.split(sep).join('/'))
    .filter(name => name.endsWith('.test.ts') && name.endsWith('.long.test.ts') === long)
    .filter(name => !(quick && name.startsWith('notebook/')))
    .filter(name => words.length === 0 || words.some(word => name.includes(word)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const compiled = (name: string) => join(COMPILED, name.replace(/\.ts$/, '.js'));
const source = (file: string) => relative(COMPILED, file).split(sep).join('/').replace(/\.js$/, '.ts');

async function main(options: Options): Promise<void> {
  const start = Date.now();
  const names = selectTests(options);
  const count = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
  const skips: string[] = [];
  const say = (text: string) => {
    if (process.stderr.isTTY) process.stderr.write('\x1b[K'); // over the progress
    process.stdout.write(`${text}\n`);
  };
  const fail = (what: string, why: string) => {
    count.tests++;
    count.fail++;
    say(`not ok: ${what}\n${why.replace(/^(?=.)/gm, '    ')}\n`);
  };

  for (const name of names.filter(each => !existsSync(compiled(each)))) {
    fail(`test/${name}`, 'is not compiled: run `npm run build`; if it stays missing, remove dist/ first');
  }
  const files = names.map(compiled).filter(existsSync);
  const progress = new Map<string, Progress>(
    files.map(file => [file, { expected: 0, executed: 0, output: [], crashed: false }]),
  );
  const parents: string[] = []; // names of the tests around the one that is reported
  let finished = 0;
  let file: Progress | undefined;

  const results = run({ files, concurrency: Math.min(4, availableParallelism()), timeout: LIMIT });
  for await (const { type, data } of results) {
    if (type === 'test:complete' && data.name === data.file && process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${++finished} of ${files.length} files\r`);
    }
    // what is reported of one file comes in one piece
    if ('file' in data && data.file && type !== 'test:complete') file = progress.get(data.file);
    const counted = type === 'test:diagnostic' && /^\w+ [\d.]+$/.test(data.message); // node's own summary
    if (type === 'test:diagnostic' && !counted) file?.output.push(`${data.message}\n`);
    if (type === 'test:stdout' || type === 'test:stderr') file?.output.push(data.message);
    if (!file || !('nesting' in data) || !('name' in data)) continue;
    const isFile = data.name === data.file;
    if (type === 'test:enqueue' && data.nesting === 0 && !isFile) file.expected++;
    if (type === 'test:start') parents[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (isFile) {
      // node reports the file itself when it crashed, and when it has no tests at all
      if (type === 'test:fail') file.crashed = true;
      continue;
    }
    if (data.nesting === 0) file.executed++;
    if (data.details.type === 'suite') count.suites++;
    else count.tests++;
    const name = `test/${source(data.file ?? '')}: ${[...parents.slice(0, data.nesting), data.name].join(' › ')}`;
    if (type === 'test:fail') {
      const { failureType, cause } = data.details.error as Error & { failureType?: string };
      const cancelled = failureType === 'cancelledByParent' || failureType === 'testAborted';
      if (data.details.type !== 'suite') count[cancelled ? 'cancelled' : 'fail']++;
      if (failureType !== 'subtestsFailed') say(`not ok: ${name}\n${indent(cause)}\n`);
    } else if (data.details.type !== 'suite') {
      if (data.skip === undefined) count[data.todo === undefined ? 'pass' : 'todo']++;
      else {
        count.skipped++;
        skips.push(`skipped: ${name} (${data.skip === true ? 'no reason given' : data.skip})`);
      }
    }
  }

  for (const [file, { expected, executed, output, crashed }] of progress) {
    const name = `test/${source(file)}`;
    const last = output.join('').trimEnd().split('\n').slice(-OUTPUT).join('\n');
    if (crashed)
      fail(name, `ended with an error outside its tests, or after ${LIMIT / 60_000} minutes\n${last}`);
    else if (executed === 0) fail(name, `executed no test\n${last}`);
    else if (executed < expected)
      fail(name, `executed ${executed} of its ${expected} tests, then ended\n${last}`);
  }
  if (names.length === 0 && !options.long) fail('npm test', `no test matches ${options.words.join(' ')}`);

  for (const skip of skips) say(skip);
  // as node's own runner ends, which is what continuous integration looks for
  for (const [key, value] of Object.entries(count)) say(`# ${key} ${value}`);
  say(`# duration_ms ${Date.now() - start}`);
  process.exitCode = count.fail + count.cancelled > 0 ? 1 : 0;
}

function indent(cause: unknown): string {
  const { code, stack } = Object(cause) as NodeJS.ErrnoException;
  // the message of an assertion has the difference, its fields have the same once more
  const text = typeof cause === 'string' ? cause : code === 'ERR_ASSERTION' ? String(stack) : inspect(cause);
  return text.replace(/\n +at .*\(?node:.*/g, '').replace(/^(?=.)/gm, '    ');
}

const words = process.argv.slice(2);
main({
  quick: words.includes('--quick'),
  long: words.includes('--long'),
  words: words.filter(word => !word.startsWith('--')),
});
