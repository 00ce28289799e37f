/*
 * npm run bench -- [--filter 'mlp|cnn'] [--repeat 5]
 *
 * Prints one line of JSON a case: the median rate over the repetitions, and the peak memory of the process that
 * ran it and nothing else. `MIB_ENGINE` chooses the engine. What cannot be run here is skipped with its reason.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { CASES, type Case, computing } from './cases';

async function measure(chosen: Case, repeat: number): Promise<object> {
  let run: () => Promise<number>;
  try {
    run = await chosen.prepare();
  } catch (error) {
    return { name: chosen.name, skipped: (error as Error).message };
  }
  const rates: number[] = [];
  for (let i = 0; i < repeat; i++) {
    const start = performance.now();
    const samples = await run();
    rates.push((1000 * samples) / (performance.now() - start));
  }
  const { name, device } = await computing(chosen);
  return {
    name: chosen.name,
    engine: name,
    device,
    samplesPerSecond: Number(median(rates).toPrecision(4)),
    peakMemoryMB: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      filter: { type: 'string', default: '' },
      repeat: { type: 'string', default: '3' },
      only: { type: 'string' }, // the case of a child process
    },
  });
  const repeat = Number(values.repeat);
  if (!Number.isInteger(repeat) || repeat < 1) {
    throw new Error(`bench: --repeat is ${values.repeat}, expected a positive integer`);
  }
  const only = CASES.find(({ name }) => name === values.only);
  if (only !== undefined) {
    console.log(JSON.stringify(await measure(only, repeat)));
    return;
  }
  const wanted = CASES.filter(({ name }) => new RegExp(values.filter as string).test(name));
  if (wanted.length === 0) {
    throw new Error(
      `bench: --filter is ${values.filter}, expected a pattern for one of ${CASES.map(c => c.name).join(', ')}`,
    );
  }
  for (const { name } of wanted) {
    const command = [__filename, '--only', name, '--repeat', String(repeat)];
    const { status } = spawnSync(process.execPath, command, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) process.exitCode = 1;
  }
}

main().catch(error => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
