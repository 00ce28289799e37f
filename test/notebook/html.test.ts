import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notebookHtml } from '../../src/notebook/html';
import type { Cell, Notebook, Output } from '../../src/notebook/notebook';

const markdown = (source: string): Cell => ({ cell_type: 'markdown', id: 'm', metadata: {}, source });
const code = (source: string, ...outputs: Output[]): Cell => ({
  ...{ cell_type: 'code', id: 'c', metadata: {}, source, outputs, execution_count: 1 },
});
const notebook = (cells: Cell[]) => ({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }) as Notebook;
const page = (...cells: Cell[]) =>
  notebookHtml('01-marking', notebook(cells), { pages: ['01-marking', '02-training'] });
const figure: Output = {
  output_type: 'display_data',
  metadata: {},
  data: {
    'application/vnd.plotly.v1+json': { data: [], layout: { title: { text: '</script><b>' } } },
    'image/png': 'iVBORw0KGgo=',
    'text/plain': 'Figure: a "title"',
  },
};

test('a page needs no network: nothing in it is loaded from elsewhere', async () => {
  const html = await page(markdown('# Title\n\n$x^2$'), code('const a = 1;', figure));
  const loaded = [...html.matchAll(/(?:src|href)="([^"]*)"|url\(([^)]*)\)|@import/g)].map(
    m => m[1] ?? m[2] ?? m[0],
  );
  assert.ok(loaded.length > 10, 'the fonts at least');
  for (const address of loaded) assert.match(address, /^(data:|02-training\.html$)/);
});

test('plotly.js is inlined once, and only where there are figures', async () => {
  const count = (html: string) => html.split('id="plotly-js"').length - 1;
  assert.equal(count(await page(code('1', figure, figure))), 1);
  assert.equal(count(await page(code('1'))), 0);
});

test('for print there are no scripts, and code only where it is asked for', async () => {
  const cells = [code('const a = 1;', figure)];
  const print = await notebookHtml('01', notebook(cells), { code: 'hidden', interactive: false });
  assert.ok(!print.includes('id="plotly-js"') && print.includes('data:image/png'));
  assert.ok(!print.includes('class="code"'));
  const folded = await notebookHtml('01', notebook(cells), { code: 'folded' });
  assert.match(folded, /<details><summary>Code<\/summary><pre class="code">/);
});

test('nothing in an output can break out of its place', async () => {
  const html = await page(code('"<i>"', figure, { output_type: 'stream', name: 'stdout', text: '<script>' }));
  assert.ok(html.includes('\\u003c/script>\\u003cb>'));
  assert.ok(html.includes('&lt;script&gt;'));
  assert.ok(html.includes('alt="Figure: a &quot;title&quot;"'));
});

test('TeX becomes mathematics wherever it stands, and money does not', async () => {
  const html = await page(
    markdown(
      'Take $\\hat\\alpha > t_\\tau$ and\n\n$$\n\\frac{1}{K}\n$$\n\n| a |\n|---|\n| $x_1$ |\n\nIt costs $5 or $6.',
    ),
  );
  assert.equal(html.split('<span class="katex">').length - 1, 3);
  assert.equal(html.split('class="katex-display"').length - 1, 1);
  assert.ok(html.includes('It costs $5 or $6.'));
  await assert.rejects(page(markdown('$\\nonsense$')), /Undefined control sequence/);
});

test('links between notebooks lead to their pages', async () => {
  const html = await page(
    markdown('See [training](02-training.ipynb#curves) and [paper](https://doi.org/x.ipynb).'),
  );
  assert.ok(html.includes('<a href="02-training.html#curves">'));
  assert.ok(html.includes('<a href="https://doi.org/x.ipynb">'));
});
