/*
 * node dist/test/bench/pair.js [repetitions] [mlp|cnn]
 *
 * What a second training costs that runs beside the first, on a core of its own: `trainMany` with one job and with
 * two, in turn. Prints one line of JSON: medians in seconds and their ratio (1 is ideal); the same of the fastest
 * repetitions, which other programs disturb least; and the ratio apart from the start of workers and engines, which
 * is timed by trainings of one batch. `peer_torch.py --pair` is the control: what the
 * machine's own limits (shared cache and memory, clock rates, other programs) make of two processes of PyTorch.
 */
import { buildModel, Random, rowSize, type Samples, trainMany, useEngine } from '../../src';

/** A quarter of a minute of training each; that of the MLP is as long as the paper's. */
const SETTINGS = {
  mlp: { shape: [446], classes: 30, values: 2, epochs: 150 },
  cnn: { shape: [28, 28, 1], classes: 10, values: 256, epochs: 12 },
} as const;
type Name = keyof typeof SETTINGS;

function noise(name: Name, count: number): Samples {
  const { shape, classes, values } = SETTINGS[name];
  const random = new Random(1);
  const size = rowSize(shape);
  const x = Uint8Array.from({ length: count * size }, () => random.integer(values));
  const y = Uint8Array.from({ length: count }, () => random.integer(classes));
  return { x, y, count, shape: [...shape] };
}

/** Seconds that `jobs` trainings take side by side. */
async function seconds(name: Name, jobs: number, samples: Samples, epochs: number): Promise<number> {
  const seeds = Array.from({ length: jobs }, (_, i) => i + 1);
  const all = seeds.map(seed => {
    const model = buildModel(name, { ...SETTINGS[name], seed });
    return { model, samples, epochs, learningRate: 0.01, seed };
  });
  const start = performance.now();
  const results = await trainMany(all, { workers: 2 });
  const elapsed = (performance.now() - start) / 1000;
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  for (const { model } of all) model.dispose();
  return elapsed;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function main(): Promise<void> {
  const repetitions = Number(process.argv[2] ?? 5);
  const name = (process.argv[3] ?? 'mlp') as Name;
  if (!Object.hasOwn(SETTINGS, name)) throw new Error(`pair: name is ${name}, expected mlp or cnn`);
  const { epochs } = SETTINGS[name];
  const [samples, batch] = [noise(name, 4008), noise(name, 64)];
  const { device } = await useEngine();
  await seconds(name, 2, samples, 1);
  const times = {
    one: [] as number[],
    two: [] as number[],
    startOne: [] as number[],
    startTwo: [] as number[],
  };
  for (let i = 0; i < repetitions; i++) {
    times.one.push(await seconds(name, 1, samples, epochs));
    times.two.push(await seconds(name, 2, samples, epochs));
    times.startOne.push(await seconds(name, 1, batch, 1));
    times.startTwo.push(await seconds(name, 2, batch, 1));
  }
  const [one, two, startOne, startTwo] = Object.values(times).map(median);
  const [fastOne, fastTwo] = [times.one, times.two].map(values => Math.min(...values));
  const digits = (value: number) => Number(value.toPrecision(3));
  console.log(
    JSON.stringify({
      name: `${name}, two at once`,
      device,
      seconds: [one, two].map(digits),
      startSeconds: [startOne, startTwo].map(digits),
      ratio: digits(two / one),
      fastest: [fastOne, fastTwo].map(digits),
      fastestRatio: digits(fastTwo / fastOne),
      steadyRatio: digits((two - startTwo) / (one - startOne)),
    }),
  );
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
