import { writeFile } from 'node:fs/promises';
import { display } from './display';

// jsdom and plotly: loaded lazily, about 1 s
const renderer = () => import('./figure-render.js');

/** A plotly figure: https://plotly.com/javascript/reference/. Two-dimensional traces only. */
export interface Figure {
  readonly data: readonly object[];
  readonly layout?: object;
}

/** Colours that stay apart for colour-blind readers (Okabe and Ito, 2008), in the order traces take them. */
export const COLOURS = [
  '#0072B2', // blue
  '#D55E00', // vermilion
  '#009E73', // green
  '#CC79A7', // purple
  '#E69F00', // orange
  '#56B4E9', // sky
  '#4D4D4D', // grey
] as const;

const TRACES = ['scatter', 'bar', 'heatmap', 'histogram', 'box', 'violin', 'contour'];
const PNG_SCALE = 2; // device pixels a unit, so that labels are sharp

const LEGEND_MARGIN = 78; // room for title and legend above the axes

const axis = {
  automargin: true,
  gridcolor: '#E8E8E8',
  linecolor: '#4D4D4D',
  showline: true,
  ticks: 'outside',
  tickcolor: '#4D4D4D',
  ticklen: 4,
  zeroline: false,
  title: { standoff: 10, font: { size: 13 } },
};

/** What all figures share; a figure's own layout overrides it key by key. */
const HOUSE = {
  layout: {
    width: 700,
    height: 400,
    margin: { l: 70, r: 30, t: 50, b: 60 },
    paper_bgcolor: 'white',
    plot_bgcolor: 'white',
    font: { family: 'DejaVu Sans, Verdana, sans-serif', size: 13, color: '#222222' },
    title: {
      x: 0,
      xref: 'paper',
      xanchor: 'left',
      y: 0.96,
      yref: 'container',
      yanchor: 'top',
      font: { size: 15, weight: 'bold' },
    },
    colorway: COLOURS,
    legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.02, yanchor: 'bottom' },
    hovermode: 'closest',
    bargap: 0.15,
    xaxis: axis,
    yaxis: axis,
  },
  data: {
    scatter: [{ line: { width: 2.5 }, marker: { size: 7 } }],
    heatmap: [{ colorscale: 'Cividis', colorbar: { outlinewidth: 0, thickness: 14, ticks: 'outside' } }],
  },
};

/**
 * Shows a figure in the notebook: interactive where the front end knows plotly, a PNG everywhere else, and a
 * sentence for readers who see neither. Outside a notebook it prints that sentence; see {@link writeFigure}.
 *
 * Give the layout and both axes a title (a string will do): the sentence is made of them.
 *
 * @example
 * await showFigure({
 *   data: [{ x: [1, 2, 3], y: [0.2, 0.5, 0.8], name: 'marked' }],
 *   layout: { title: 'Attack success rate', xaxis: { title: 'epoch' }, yaxis: { title: 'rate' } },
 * });
 */
export async function showFigure(figure: Figure): Promise<void> {
  const styled = inHouseStyle('showFigure', figure);
  const { renderPng, renderSvg } = await renderer();
  const image = renderPng(await renderSvg(styled), PNG_SCALE);
  display({
    data: {
      'application/vnd.plotly.v1+json': { ...styled, config: { displaylogo: false, responsive: true } },
      'image/png': image.asPng().toString('base64'),
      'text/plain': describe(figure),
    },
    metadata: { 'image/png': { width: image.width / PNG_SCALE, height: image.height / PNG_SCALE } },
  });
}

/** Writes a figure to `path`, as PNG (two pixels a unit) or SVG by the ending of its name. */
export async function writeFigure(figure: Figure, path: string): Promise<void> {
  const ending = /\.(png|svg)$/.exec(path)?.[1];
  if (!ending) throw new Error(`writeFigure: path is ${path}, expected a name ending in .png or .svg`);
  const { renderPng, renderSvg } = await renderer();
  const svg = await renderSvg(inHouseStyle('writeFigure', figure));
  await writeFile(path, ending === 'svg' ? svg : renderPng(svg, PNG_SCALE).asPng());
}

/**
 * The figure with our template, as plain JSON: typed arrays as arrays, numbers to six digits, and a title that
 * is just a string in the form that plotly wants.
 */
function inHouseStyle(caller: string, { data, layout }: Figure): { data: object[]; layout: object } {
  if (!Array.isArray(data)) throw new Error(`${caller}: figure.data is ${data}, expected an array of traces`);
  data.forEach((trace, i) => {
    const type = trace.type ?? 'scatter';
    if (TRACES.includes(type)) return;
    throw new Error(`${caller}: figure.data[${i}].type is ${type}, expected one of ${TRACES.join(', ')}`);
  });
  const plain = (key: string, value: unknown) => {
    if (typeof value === 'number') return Number(value.toPrecision(6));
    if (key === 'title' && typeof value === 'string') return { text: value };
    return ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
  };
  const margin = hasLegend(data) ? { t: LEGEND_MARGIN } : {};
  const template = { ...HOUSE, layout: { ...HOUSE.layout, margin: { ...HOUSE.layout.margin, ...margin } } };
  return JSON.parse(JSON.stringify({ data, layout: { ...layout, template } }, plain));
}

/** Whether plotly draws a legend: for more than one trace that has not declined. */
function hasLegend(data: Figure['data']): boolean {
  return data.filter(trace => 'name' in trace && !('showlegend' in trace && !trace.showlegend)).length > 1;
}

/** The figure in words: its title, axes and the names of its traces. */
function describe({ data, layout = {} }: Figure): string {
  const { title, xaxis, yaxis } = layout as Record<string, { title?: unknown }>;
  const words = (text: unknown): string =>
    typeof text === 'object' && text !== null && 'text' in text
      ? words(text.text)
      : String(text ?? '').replace(/<[^>]*>/g, '');
  const names = data.map(trace => ('name' in trace ? words(trace.name) : '')).filter(name => name !== '');
  const parts = [
    `Figure: ${words(title) || 'untitled'}`,
    words(xaxis?.title) && `x: ${words(xaxis.title)}`,
    words(yaxis?.title) && `y: ${words(yaxis.title)}`,
    names.length > 0 && `series: ${[...new Set(names)].join(', ')}`,
  ];
  return parts.filter(Boolean).join('; ');
}
