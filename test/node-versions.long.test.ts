import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { compiled } from './fixtures';

// what the README says it runs on, besides the version that runs this test
for (const version of ['20', '22', '24']) {
  const node = ['exec', '--yes', `--package=node@${version}`, '--', 'node'];
  const options = { encoding: 'utf8' as const, maxBuffer: 1 << 26, env: { ...process.env } };
  delete options.env.NODE_TEST_CONTEXT; // the runner below is not a part of this test
  const own = process.version.startsWith(`v${version}.`);

  test(`all tests but the notebooks' pass on Node ${version}`, { skip: own && 'it runs this test' }, t => {
    const { status: found, stdout: name } = spawnSync('npm', [...node, '--version'], options);
    if (found !== 0) return t.skip(`node@${version} cannot be fetched from the registry`);
    assert.match(name, new RegExp(`^v${version}\\.`));
    const { status, stdout } = spawnSync('npm', [...node, compiled('test/run.ts'), '--quick'], options);
    assert.equal(status, 0, stdout);
  });
}
