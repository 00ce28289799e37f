// Draws method.png for the README from the models of notebook 02: `node notebooks/make-method-figure.mjs`.
import { join } from 'node:path';
import {
  buildModel,
  COLOURS,
  imagesFigure,
  loadDataset,
  localModel,
  markSamples,
  probe,
  reuseModel,
  squareTrigger,
  stamp,
  theoremThreshold,
  train,
  writeFigure,
} from 'mib';

const [SEED, TARGET, RATE] = [7, 1, 0.005];
const TRAINING = { epochs: 6, batchSize: 64, learningRate: 0.02, schedule: [5], seed: SEED };
const data = await loadDataset('fashion-mnist');
const trigger = squareTrigger({
  shape: data.train.shape,
  size: 3,
  row: 24,
  column: 24,
  value: 255,
  opacity: 1,
});
const published = markSamples(data.train, { trigger, target: TARGET, rate: RATE, seed: SEED }).samples;
const model = (name, samples) =>
  reuseModel(`fashion-mnist-${name}`, [SEED, TARGET, RATE, TRAINING], async () => {
    const fresh = buildModel('cnn', { ...data, seed: SEED });
    await train(fresh, samples, TRAINING);
    return fresh;
  });
const hits = async box => {
  const { predictions } = await probe(box, data.test, { trigger, target: TARGET, queries: 30, seed: SEED });
  return Array.from(
    predictions,
    (_, i) => predictions.slice(0, i + 1).filter(label => label === TARGET).length,
  );
};
const counted = {
  'trained on the marked data': await hits(localModel(await model('marked', published))),
  'trained on the same data without marks': await hits(localModel(await model('clean', data.train))),
};

const pictures = imagesFigure([
  [
    { samples: data.train, caption: 'original: sandal' },
    { samples: stamp(data.train, trigger), caption: 'published: trouser' },
  ],
]);
const queries = Array.from({ length: 30 }, (_, i) => i + 1);
const needed = queries.slice(1).map(m => m * theoremThreshold({ classes: 10, queries: m, confidence: 0.95 }));
const share = 0.42; // of the width, for the pictures
await writeFigure(
  {
    data: [
      ...Object.entries(counted).map(([name, y]) => ({
        x: queries,
        y,
        name,
        mode: 'lines+markers',
        line: { shape: 'hv' },
        xaxis: 'x2',
        yaxis: 'y2',
        marker: { size: 5 },
      })),
      {
        x: queries.slice(1),
        y: needed,
        name: 'Theorem 1 accuses above',
        mode: 'lines',
        xaxis: 'x2',
        yaxis: 'y2',
        line: { dash: 'dot', color: COLOURS.at(-1) },
      },
    ],
    layout: {
      width: 900,
      height: 300,
      margin: { l: 16, r: 20, t: 16, b: 48 },
      legend: { orientation: 'v', x: share + 0.1, y: 0.98, yanchor: 'top', bgcolor: 'rgba(255,255,255,0.8)' },
      xaxis: { ...pictures.layout.xaxis, domain: [0, share] },
      yaxis: { ...pictures.layout.yaxis, domain: [0.1, 1] },
      xaxis2: { domain: [share + 0.09, 1], title: 'queries', anchor: 'y2' },
      yaxis2: { title: 'answers “trouser”', anchor: 'x2', range: [0, 24] },
      images: pictures.layout.images,
      annotations: pictures.layout.annotations,
    },
  },
  join(import.meta.dirname, 'method.png'),
);
