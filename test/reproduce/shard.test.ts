import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { parseShard, slurmScript, takeShard } from '../../src/reproduce/shard';

test('shards cover every run once', () => {
  const runs = Array.from({ length: 23 }, (_, i) => i);
  const parts = [1, 2, 3, 4, 5].map(i => takeShard(runs, parseShard(`${i}/5`, {})));
  assert.deepEqual(
    parts.flat().sort((a, b) => a - b),
    runs,
  );
  assert.ok(parts.every(part => part.length >= 4));
});

test('the number of a job in Slurm’s array or Kubernetes’ indexed job is its shard', () => {
  assert.deepEqual(parseShard('16', { JOB_COMPLETION_INDEX: '0' }), { index: 0, of: 16 });
  // arrays that start at 1 are as common as those that start at 0
  assert.deepEqual(parseShard('4', { SLURM_ARRAY_TASK_ID: '4', SLURM_ARRAY_TASK_MIN: '1' }), {
    index: 3,
    of: 4,
  });
  assert.deepEqual(parseShard('4', { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_MIN: '0' }), {
    index: 3,
    of: 4,
  });
  // what is said explicitly counts
  assert.deepEqual(parseShard('2/4', { SLURM_ARRAY_TASK_ID: '0' }), { index: 1, of: 4 });
});

test('a shard that is not there is an error, not an empty list', () => {
  assert.throws(() => parseShard('0/4', {}), /parseShard: shard is 0\/4, expected i\/n with i in 1\.\.n/);
  assert.throws(() => parseShard('5/4', {}), /shard is 5\/4/);
  assert.throws(() => parseShard('x', {}), /shard is x/);
  assert.throws(() => parseShard('4', {}), /expected SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX/);
  assert.throws(() => parseShard('4', { JOB_COMPLETION_INDEX: '4' }), /shard is 4 with job number 4/);
});

test('the batch script is one that bash understands, whatever is in its words', () => {
  const script = slurmScript({
    command: ['printf', '%s|', "it's", '$HOME x'],
    shards: 3,
    folder: '/srv/mib',
    logs: '/srv/mib/out',
    cores: 8,
  });
  assert.match(script, /^#SBATCH --array=0-2$/m);
  assert.match(script, /^#SBATCH --cpus-per-task=8$/m);
  assert.match(script, /^#SBATCH --chdir=\/srv\/mib$/m);
  assert.equal(spawnSync('bash', { input: script, encoding: 'utf8' }).stdout, "it's|$HOME x|--shard|3|");
});
