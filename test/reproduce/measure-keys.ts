import {
  binomialTest,
  buildModel,
  countVotes,
  createKey,
  deriveKeys,
  loadDataset,
  localModel,
  markSamples,
  markWithKeys,
  openBeacon,
  probe,
  probeKeys,
  randomizationTest,
  type Samples,
  sequentialTest,
  theoremTest,
  train,
} from '../../src';

/*
 * Prints data/results/keys.csv: 24 secrets, each with 150 marked rows of Fashion-MNIST and 60 questions at level 1 %,
 * once as one key (Theorem 1, binomial and sequential test at chance 1/K) and once as six keys of 25 rows and ten
 * questions (randomization test). Two minutes:
 *
 *     npm run build && node dist/test/reproduce/measure-keys.js > data/results/keys.csv
 */
const ALPHA = 0.01;
const BEACON = { kind: 'rehearsal', seed: 1 } as const;
const TRAINING = { epochs: 5, batchSize: 64, learningRate: 0.02, schedule: [4] };

async function main(): Promise<void> {
  const data = await loadDataset('fashion-mnist');
  const { classes } = data;
  const { randomness } = openBeacon(BEACON, { kind: 'rehearsal' });
  const suspect = async (samples: Samples, seed: number) => {
    const model = buildModel('mlp', { ...data, seed });
    await train(model, samples, { ...TRAINING, seed });
    return localModel(model);
  };
  console.log('secret,oneHits,theorem,binomial,sequential,keysVotes,keysPValue,keysRejected,keyRates');
  for (let secret = 1; secret <= 24; secret++) {
    const trigger = { family: 'square', size: 6, fill: 'white', opacity: 1 } as const;
    const marks = { kind: 'keys', keys: 6, rowsPerKey: 25, trigger } as const;
    const choices = { marks, queriesPerKey: 10, alpha: ALPHA, beacon: BEACON };
    const keys = deriveKeys(createKey(data, choices, [secret.toString(16).padStart(64, '0')]), 0, randomness);
    const [{ trigger: first, target }] = keys;
    const mark = { trigger: first, target };
    const marked = markSamples(data.train, { ...mark, count: 150, seed: secret });
    const one = await suspect(marked.samples, secret);
    const asked = { ...mark, queries: 60, seed: secret, control: false as const };
    const { hits, queries, predictions } = await probe(one, data.test, asked);
    const looked = sequentialTest({ chance: 1 / classes, alpha: ALPHA });
    const sequential = [...predictions].map(label => looked.update(label === target).rejected).at(-1);
    const theorem = theoremTest({ hits, queries, classes, confidence: 1 - ALPHA }).rejected;
    const binomial = binomialTest({ hits, queries, chance: 1 / classes, alpha: ALPHA }).rejected;

    const six = await suspect(markWithKeys(data.train, keys).samples, secret);
    const votes = (await probeKeys(six, data.test, keys)).answers.map(labels => countVotes(labels, classes));
    const targets = keys.map(key => key.target);
    const decision = randomizationTest({ votes, targets, alpha: ALPHA });
    const rates: string[] = [];
    for (const key of keys) {
      const all = {
        trigger: key.trigger,
        target: key.target,
        queries: 1000,
        seed: 0,
        control: false as const,
      };
      rates.push((await probe(six, data.test, all)).attackSuccessRate.toFixed(3));
    }
    const keysResult = [decision.statistic, decision.pValue, decision.rejected, rates.join(' ')];
    console.log([secret, hits, theorem, binomial, sequential, ...keysResult].join(','));
  }
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
