import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readSamples, writeSamples } from '../../src/data/samples-file';
import { sha256 } from '../../src/files';
import { Random } from '../../src/random';
import { buildModel } from '../../src/train/model';
import { saveModel } from '../../src/train/node/model-file';
import { train } from '../../src/train/train';
import type { Samples } from '../../src/types';
import { compiled, runNode, temporaryFolder } from '../fixtures';

const cli = compiled('src/cli.ts');

/** Runs `mib` in a folder of its own; never throws. */
function terminal(t: TestContext) {
  const folder = temporaryFolder(t);
  const env = { MIB_OUT: join(folder, 'out') };
  const mib = async (...words: string[]) => {
    const { status: code, ...streams } = await runNode([cli, ...words], env, folder);
    return { code, ...streams };
  };
  return { mib, folder, file: (name: string) => join(folder, name) };
}

const WIDTH = 98;
const classNames = Array.from({ length: 8 }, (_, k) => `place ${k}`);

/** Rows of 98 bits, few of them ones; the label is the place of the first one among the last eight. */
function bits(count: number, seed: number): Samples {
  const random = new Random(seed);
  const x = Uint8Array.from({ length: count * WIDTH }, (_, i) =>
    random.next() < (i % WIDTH < 90 ? 0.1 : 0.5) ? 1 : 0,
  );
  const y = Uint8Array.from({ length: count }, (_, row) =>
    Math.max(0, x.subarray(row * WIDTH + 90, (row + 1) * WIDTH).indexOf(1)),
  );
  return { x, y, count, shape: [WIDTH] };
}

const marks = { kind: 'keys', trigger: { family: 'bits', length: 10, chance: 0.9 }, keys: 6, rowsPerKey: 20 };
const beacon = { kind: 'value', source: 'a lottery', bytes: 32 };
const plan = { classNames, marks, groups: 2, queriesPerKey: 15, control: 30, alpha: 0.01, beacon };
const value = sha256('what the lottery drew');

test('key, mark, serve, probe, claim, verify: from samples to a verdict, in the terminal', async t => {
  const { mib, folder, file } = terminal(t);
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await mib(...args);
    assert.equal(code, 0, `${args}: ${stderr}${stdout}`);
    return stdout;
  };
  writeSamples(file('data.json'), bits(1000, 1));
  writeSamples(file('probes.json'), bits(300, 2));
  writeFileSync(file('plan.json'), JSON.stringify(plan));

  const drawn = JSON.parse(
    await run(
      'key',
      'plan.json',
      '--data',
      'data.json',
      '--probes',
      'probes.json',
      '--key',
      'key.json',
      '--json',
    ),
  );
  assert.match(drawn.commitment, /^[0-9a-f]{64}$/);
  assert.equal(statSync(file('key.json')).mode & 0o777, 0o600);
  assert.ok(readFileSync(file('key.json.tsq')).includes(Buffer.from(drawn.commitment, 'hex')));
  const { secrets } = JSON.parse(readFileSync(file('key.json'), 'utf8'));

  await run('mark', '--key', 'key.json', '--data', 'data.json', '--beacon', value, '--out', 'published.json');
  const published = readSamples(file('published.json'));
  const model = buildModel('mlp', { shape: [WIDTH], classes: 8, width: 64, seed: 1 });
  await train(model, published, { epochs: 15, batchSize: 50, learningRate: 0.1, momentum: 0.9, seed: 1 });
  await saveModel(model, file('model'));

  const server = spawn(process.execPath, [cli, 'serve', file('model'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill('SIGKILL'));
  const [url] = String(await once(server.stdout, 'data')).split('\n');
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/v2\/models\/suspect$/);
  // the owner's file has the classes in the service's order, and no names
  const service = {
    protocol: 'openinference',
    preprocess: { datatype: 'UINT8' },
    answers: 'label',
    batchSize: 8,
  };
  writeFileSync(file('service.json'), JSON.stringify(service));
  const suspect = ['--service', 'service.json', '--url', url, '--probes', 'probes.json'];

  const screened = JSON.parse(
    await run('probe', '--key', 'key.json', ...suspect, '--record', 'record.json', '--json'),
  );
  assert.equal(screened.rejected, true, JSON.stringify(screened));
  assert.equal(screened.sent, 120);
  const claim = ['--key', 'key.json', '--suspect', url, '--record', 'record.json', '--out', 'evidence.json'];
  const opened = await run('claim', '--group', '1', ...claim);
  assert.match(opened, /group 1 of 2 is open: evidence\.json/);
  // only the claim shows a secret, and only that of its group
  for (const name of readdirSync(folder).filter(each => each.endsWith('.json') || each.includes('ledger'))) {
    const text = readFileSync(file(name), 'utf8');
    assert.equal(text.includes(secrets[0]), name === 'key.json', name);
    assert.equal(text.includes(secrets[1]), name === 'key.json' || name === 'evidence.json', name);
  }

  const dates = ['--seen', '2026-01-01T00:00:00Z', '--beacon-time', '2026-01-02T00:00:00Z'];
  const known = ['--commitment', drawn.commitment, '--beacon-value', value, ...dates];
  const all = ['verify', 'evidence.json', ...known, '--published', 'published.json', ...suspect];
  const verified = await mib(...all, '--json', '--html', 'verdict.html');
  const verdict = JSON.parse(verified.stdout);
  assert.deepEqual([verified.code, verdict.outcome], [0, 'HOLDS'], verified.stdout);
  assert.equal(verdict.answers.sent, 120);
  const page = readFileSync(file('verdict.html'), 'utf8');
  assert.match(page, /<h1>HOLDS<\/h1>/);
  assert.match(page, /does not show that the use was unlawful/);
  assert.equal(page.match(/stroke="#d55e00"/g)?.length, 6); // one outlined cell a key
  assert.doesNotMatch(page, /<script|https?:\/\/(?!127)/);

  // an interruption costs nothing: the second run asks nobody
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
  const again = await mib(...all);
  assert.equal(again.code, 0, again.stdout + again.stderr);
  assert.match(again.stdout, /\nHOLDS: every step was made, and holds\n$/);

  // without the service and its answers nothing contradicts the claim
  const gone = await mib(...all, '--ledger', 'another.ledger');
  assert.equal(gone.code, 2, gone.stdout + gone.stderr);
  assert.match(gone.stdout, /\nINCOMPLETE: .*\n {2}next: mend that and run again/);
  // and the published data without marks contradict it
  const unmarked = await mib(...all.map(each => (each === 'published.json' ? 'data.json' : each)));
  assert.equal(unmarked.code, 1);
  assert.match(unmarked.stdout, /FAILS {8}marks: /);
});

test('labels are translated by the names of the classes', async t => {
  const { mib, file } = terminal(t);
  const model = buildModel('mlp', { shape: [WIDTH], classes: 8, width: 8, seed: 1 });
  await saveModel(model, file('model'));
  writeSamples(file('data.json'), bits(1000, 1));
  writeSamples(file('probes.json'), bits(60, 2));
  writeFileSync(file('plan.json'), JSON.stringify({ ...plan, beacon: { kind: 'rehearsal', seed: 1 } }));
  await mib('key', 'plan.json', '--data', 'data.json', '--probes', 'probes.json', '--key', 'key.json');
  const service = {
    protocol: 'openinference',
    preprocess: {},
    answers: 'label',
    classNames: [...classNames.slice(1), 'x'],
  };
  writeFileSync(file('service.json'), JSON.stringify(service));
  const probe = ['probe', '--key', 'key.json', '--probes', 'probes.json'];
  const asked = await mib(...probe, '--service', 'service.json', '--url', 'http://127.0.0.1:1/v2/models/m');
  assert.equal(asked.code, 3);
  assert.match(asked.stderr, /readService: classNames have .*x, expected the plan's: place 0/);
  // a model on this machine speaks in the plan's labels
  const local = JSON.parse((await mib(...probe, '--model', 'model', '--json')).stdout);
  assert.equal(local.sent, 120);
  model.dispose();
});

test('wrong uses are said in one line, with exit code 3', async t => {
  const { mib, file } = terminal(t);
  writeFileSync(
    file('service.json'),
    '{"protocol":"openinference","preprocess":{},"answers":"label","colour":1}',
  );
  writeSamples(file('data.json'), bits(1000, 1));
  writeSamples(file('probes.json'), bits(300, 2));
  writeFileSync(file('plan.json'), JSON.stringify({ ...plan, beacon: { kind: 'rehearsal', seed: 1 } }));
  const key = ['key', 'plan.json', '--data', 'data.json', '--probes', 'probes.json', '--key', 'key.json'];
  assert.equal((await mib(...key)).code, 0);
  assert.equal(
    (await mib('claim', '--key', 'key.json', '--group', '0', '--suspect', 'x', '--out', 'evidence.json'))
      .code,
    0,
  );
  const verify = (...words: string[]) => ['verify', 'evidence.json', ...words];
  const suspect = ['--service', 'service.json', '--url', 'http://x/', '--probes', 'probes.json'];
  const drawn = ['--beacon-value', value, '--beacon-time', '2026-01-02T00:00:00Z'];
  const marking = ['mark', '--key', 'key.json', '--data', 'data.json', '--out', 'marked.json'];
  const complaints: [string[], RegExp][] = [
    [[], /Usage: mib/],
    [['verify'], /missing required argument/],
    [['veriffy'], /unknown command/],
    [verify('extra'), /too many arguments/],
    [verify('--replay'), /unknown option '--replay'/],
    [['verify', 'none.json'], /^mib: verify: none\.json is missing/],
    [['verify', 'key.json'], /format is mib-key, expected mib-evidence/],
    [key, /^mib: writeKey: key\.json exists, expected a new file\n$/],
    [verify(...suspect), /^mib: readService: service: Unrecognized key: "colour"\n$/],
    [['serve', 'none'], /^mib: .*model\.json'?\n$/],
    // no option is ignored
    [verify('--commitment', '0'.repeat(64)), /expected --commitment and --seen together/],
    [verify('--seen', 'yesterday'), /Expected a moment like/],
    [verify('--tsa-root', 'key.json'), /--tsa-root has no effect, for the file holds no time stamp/],
    [verify(...drawn), /--beacon-value has no effect, for the beacon is of kind rehearsal/],
    [verify('--probes', 'probes.json'), /expected --probes together with --service and --url/],
    [verify('--url', 'http://x/', '--probes', 'probes.json'), /expected --service and --url together/],
    [verify('--model', 'm', ...suspect), /expected --model or --service with --url, not both/],
    [verify('--ledger', 'l'), /--ledger has no effect, for no suspect is asked/],
    [verify('--claims', '5'), /--claims has no effect, for no suspect is asked/],
    [verify('--suspect-since', '2026-01-02T00:00:00Z'), /has no effect, for the beacon is a rehearsal/],
    [[...marking, '--beacon', 'fetch'], /--beacon has no effect, for the plan is a rehearsal/],
  ];
  await Promise.all(
    complaints.map(async ([words, message]) => {
      const { code, stderr, stdout } = await mib(...words);
      assert.equal(code, 3, `${words}: ${stdout}${stderr}`);
      assert.match(stderr, message);
    }),
  );
  // a service that does not answer is no wrong use
  writeFileSync(
    file('service.json'),
    '{"protocol":"openinference","preprocess":{},"answers":"label","retries":0}',
  );
  const dead = [
    '--service',
    'service.json',
    '--url',
    'http://127.0.0.1:1/v2/models/m',
    '--probes',
    'probes.json',
  ];
  assert.equal((await mib('probe', '--key', 'key.json', ...dead)).code, 1);
  assert.equal((await mib('--help')).code, 0);
});

test('an owner’s plan that a verifier could not check is refused before anything is written', async t => {
  const { mib, file, folder } = terminal(t);
  const images = { ...bits(500, 1), shape: [7, 14, 1] };
  writeSamples(file('data.json'), { ...images, x: images.x.map(bit => 100 + 50 * bit) });
  const faint = { ...marks, trigger: { family: 'square', size: 2, fill: 'noise', opacity: 0.1 } };
  const key = async (changes: object) => {
    writeFileSync(file('plan.json'), JSON.stringify({ ...plan, ...changes }));
    const { code, stderr } = await mib(
      'key',
      'plan.json',
      '--data',
      'data.json',
      '--probes',
      'data.json',
      '--key',
      'k',
    );
    assert.equal(code, 3, stderr);
    assert.deepEqual(readdirSync(folder).sort(), ['data.json', 'plan.json']);
    return stderr;
  };
  assert.match(await key({ marks: faint }), /100 % of the rows look as if they carried such a mark already/);
  const past = {
    kind: 'drand',
    chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
    round: 1000,
  };
  assert.match(
    await key({ marks: { ...faint, trigger: { ...faint.trigger, opacity: 1 } }, beacon: past }),
    /round 1000 came out at 2023/,
  );
  assert.match(
    await key({ groups: 1e9 }),
    /createKey: groups is 1000000000, expected an integer in 1\.\.256/,
  );
  assert.match(await key({ probes: { rows: 3 } }), /plan\.json has probes, expected none/);
});

// a file or a service must not be able to rewrite what the reader sees
test('control characters never reach the terminal', async t => {
  const { mib, file } = terminal(t);
  writeFileSync(file('evidence.json'), '{"format": "\\u001b[2Jmib-evidence\\u202e", "version": 2}');
  const { code, stdout, stderr } = await mib('verify', 'evidence.json');
  assert.equal(code, 3);
  assert.match(stderr, /format is \\u(\{1b\}|001b)\[2Jmib-evidence\\u(\{202e\}|202e)/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  const named = await mib('verify', 'a\u001b[2J.json');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  assert.doesNotMatch(named.stdout + named.stderr, /\u001b/);
});

// handlers of a lock kept the process alive once, and a file was read again without the limit of its size
test('signals end a verification that waits for an answer', async t => {
  const { mib, file, folder } = terminal(t);
  writeSamples(file('data.json'), bits(1000, 1));
  writeSamples(file('probes.json'), bits(300, 2));
  writeFileSync(file('plan.json'), JSON.stringify({ ...plan, beacon: { kind: 'rehearsal', seed: 1 } }));
  await mib('key', 'plan.json', '--data', 'data.json', '--probes', 'probes.json', '--key', 'key.json');
  await mib('claim', '--key', 'key.json', '--group', '0', '--suspect', 'x', '--out', 'evidence.json');
  const service = { protocol: 'openinference', preprocess: {}, answers: 'label' };
  writeFileSync(file('service.json'), JSON.stringify(service));
  const silent = createServer(() => {});
  const url = await new Promise<string>(resolve => {
    silent.listen(0, '127.0.0.1', () =>
      resolve(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/v2/models/m`),
    );
  });
  t.after(() => silent.closeAllConnections());
  t.after(() => silent.close());
  const words = [
    'verify',
    'evidence.json',
    '--probes',
    'probes.json',
    '--service',
    'service.json',
    '--url',
    url,
  ];
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const env = { ...process.env, MIB_OUT: join(folder, 'out') };
    const child = spawn(process.execPath, [cli, ...words], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    await once(silent, 'request');
    const begin = performance.now();
    child.kill(signal);
    const [ended] = await once(child, 'exit');
    assert.equal(ended, 130);
    assert.ok(performance.now() - begin < 10_000, `${signal} took ${performance.now() - begin} ms`);
  }
});
