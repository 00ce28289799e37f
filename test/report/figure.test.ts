import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCanvas, loadImage } from '@napi-rs/canvas';
import { type Figure, writeFigure } from '../../src/report/figure';
import { imagesFigure } from '../../src/report/figure-images';
import { renderSvg } from '../../src/report/figure-render';
import { temporaryFolder } from '../fixtures';

const folder = temporaryFolder();

const curves: Figure = {
  data: [
    { x: [1, 2, 3], y: Float32Array.of(0.1, 0.4, 0.9), name: 'marked' },
    { x: [1, 2, 3], y: [0.1, 0.1, 0.1], name: 'clean' },
  ],
  layout: { title: 'Attack success rate', xaxis: { title: 'epoch' }, yaxis: { title: 'rate' } },
};

async function picture(figure: Figure) {
  const path = join(folder, 'figure.png');
  await writeFigure(figure, path);
  const image = await loadImage(await readFile(path));
  const pen = createCanvas(image.width, image.height).getContext('2d');
  pen.drawImage(image, 0, 0);
  const colourAt = (x: number, y: number) => [...pen.getImageData(x, y, 1, 1).data.subarray(0, 3)];
  return {
    width: image.width,
    height: image.height,
    colourAt,
    all: pen.getImageData(0, 0, image.width, image.height).data,
  };
}

test('a figure is drawn at two pixels a unit, with lines in the house colours', async () => {
  const { width, height, all } = await picture(curves);
  assert.deepEqual([width, height], [1400, 800]);
  const colours = new Set<number>();
  for (let i = 0; i < all.length; i += 4) colours.add((all[i] << 16) | (all[i + 1] << 8) | all[i + 2]);
  assert.ok(colours.has(0x0072b2), 'the first trace is blue');
  assert.ok(colours.has(0xd55e00), 'the second is vermilion');
});

test('every label is laid out: axes, ticks, title, legend', async () => {
  // without text metrics plotly hides the ticks' labels and lets the axis title cross the plot
  const path = join(folder, 'figure.svg');
  await writeFigure(curves, path);
  const svg = await readFile(path, 'utf8');
  for (const label of ['Attack success rate', 'epoch', 'rate', '0.2', '0.8', 'marked', 'clean']) {
    assert.ok(svg.includes(`>${label}</text>`), `label ${label}`);
  }
  assert.match(svg, /class="ytitle" transform="rotate\(-90/);
});

test('cells of a heatmap stay squares of one colour', async () => {
  // smoothed, a heatmap shows levels that nobody computed
  const layout = { margin: { l: 0, r: 0, t: 0, b: 0 }, xaxis: { visible: false }, yaxis: { visible: false } };
  const { colourAt } = await picture({
    data: [
      {
        type: 'heatmap',
        z: [
          [0, 1],
          [1, 0],
        ],
        showscale: false,
      },
    ],
    layout,
  });
  assert.deepEqual(colourAt(20, 20), colourAt(660, 380));
  assert.notDeepEqual(colourAt(690, 200), colourAt(710, 200));
});

test('pictures show pixels and bits as they are', async () => {
  const image = { x: Uint8Array.of(255, 0, 0, 0, 255, 0), y: Uint8Array.of(0), count: 1, shape: [1, 2, 3] };
  const { colourAt, width } = await picture(imagesFigure([[{ caption: 'two pixels', samples: image }]]));
  const row = Array.from({ length: width / 2 }, (_, i) => colourAt(2 * i, 150).join());
  assert.ok(row.includes('255,0,0') && row.includes('0,255,0'));
  const bits = { x: Uint8Array.of(1, 0, 0, 1), y: Uint8Array.of(0), count: 1, shape: [4] };
  const grid = await renderSvg(
    imagesFigure([[{ caption: 'four bits', samples: bits }]]) as { data: object[]; layout: object },
  );
  assert.ok(grid.includes('data:image/png;base64,'));
});

test('wrong figures are refused by name, before plotly hangs on them', async () => {
  const surface = { data: [{ type: 'surface', z: [[1]] }] };
  await assert.rejects(
    writeFigure(surface, 'a.png'),
    /figure.data\[0\].type is surface, expected one of scatter/,
  );
  await assert.rejects(writeFigure(curves, 'a.pdf'), /writeFigure: path is a.pdf, expected a name ending in/);
  assert.throws(() => imagesFigure([]), /imagesFigure: pictures is empty/);
});
