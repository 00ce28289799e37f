/** A part of the list of runs: every `of`-th, from the `index`-th on, counted from 0. */
interface Shard {
  readonly index: number;
  readonly of: number;
}

/**
 * Reads `3/16`, the third of sixteen parts; or `16` alone, the part then being this job's number in its Slurm
 * array (`SLURM_ARRAY_TASK_ID`) or Kubernetes indexed job (`JOB_COMPLETION_INDEX`).
 *
 * @throws if it is neither, or there is no such number in `environment`
 */
export function parseShard(text: string, environment: NodeJS.ProcessEnv): Shard {
  const [, part, count] = /^(?:(\d+)\/)?(\d+)$/.exec(text) ?? [];
  const of = Number(count);
  const first = Number(environment.SLURM_ARRAY_TASK_MIN ?? 0);
  const given = environment.SLURM_ARRAY_TASK_ID ?? environment.JOB_COMPLETION_INDEX;
  const index =
    part !== undefined ? Number(part) - 1 : Number(given) - (environment.SLURM_ARRAY_TASK_ID ? first : 0);
  if (part === undefined && count !== undefined && given === undefined) {
    throw new Error(
      `parseShard: shard is ${text}, expected SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the environment, or i/${text}`,
    );
  }
  if (!(of >= 1 && index >= 0 && index < of)) {
    const number = part === undefined && given !== undefined ? ` with job number ${given}` : '';
    throw new Error(`parseShard: shard is ${text}${number}, expected i/n with i in 1..n`);
  }
  return { index, of };
}

/** The runs of one shard; long and short ones are dealt out alike. */
export function takeShard<T>(runs: readonly T[], { index, of }: Shard): T[] {
  return runs.filter((_, i) => i % of === index);
}

/**
 * A Slurm batch script that runs `command` once a shard, as a job array.
 *
 * @param command what to run, e.g. `['node', 'dist/src/reproduce/main.js', '--profile', 'paper']`; gets `--shard`
 * @param folder where to run it
 * @param logs folder for what the jobs print
 */
export function slurmScript(options: {
  readonly command: readonly string[];
  readonly shards: number;
  readonly folder: string;
  readonly logs: string;
  readonly cores: number;
}): string {
  const { command, shards, folder, logs, cores } = options;
  const quoted = [...command, '--shard', String(shards)].map(word =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`,
  );
  return `#!/bin/bash
#SBATCH --job-name=mib-reproduce
#SBATCH --array=0-${shards - 1}
#SBATCH --cpus-per-task=${cores}
#SBATCH --chdir=${folder}
#SBATCH --output=${logs}/slurm-%A-%a.log
# Add what your cluster needs to the sbatch command, e.g. --partition, --time or --gres=gpu:1.
exec ${quoted.join(' ')}
`;
}
