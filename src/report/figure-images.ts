import { createCanvas } from '@napi-rs/canvas';
import { rowSize, type Samples } from '../types';
import { type Figure, showFigure } from './figure';

/** One row of a data set to look at. */
export interface Picture {
  readonly caption: string;
  readonly samples: Samples;
  /** Which row of `samples`; 0 by default. */
  readonly row?: number;
}

const SIDE = 150; // units of the figure that a picture is wide and high
const GAP = 24;
const CAPTION = 26;
const MARGIN = { l: 16, r: 16, t: 42, b: 12 };
const BIT = { zero: '#E8E8E8', one: '#0072B2' };

/**
 * Shows samples side by side, a row of the figure for each row of `pictures`: images with square pixels, binary
 * rows as a grid of bits read like text (blue is one).
 *
 * @example
 * await showImages([[{ caption: 'original', samples }, { caption: 'marked', samples: stamp(samples, trigger) }]]);
 */
export async function showImages(
  pictures: readonly (readonly Picture[])[],
  { title = '' }: { title?: string } = {},
): Promise<void> {
  await showFigure(imagesFigure(pictures, title));
}

/** The figure of {@link showImages}, to write to a file. */
export function imagesFigure(pictures: readonly (readonly Picture[])[], title = ''): Figure {
  const columns = Math.max(0, ...pictures.map(row => row.length));
  if (columns === 0) throw new Error('imagesFigure: pictures is empty, expected rows of pictures');
  const width = columns * (SIDE + GAP) - GAP;
  const height = pictures.length * (SIDE + CAPTION);
  const top = title ? MARGIN.t : MARGIN.b;
  const cells = pictures.flatMap((row, i) =>
    row.map((picture, j) => ({ picture, x: j * (SIDE + GAP), y: i * (SIDE + CAPTION) })),
  );
  const axis = { visible: false, automargin: false };
  return {
    data: cells.map(({ picture }) => ({ x: [], y: [], name: picture.caption, showlegend: false })),
    layout: {
      ...(title && { title: { text: title } }),
      width: width + MARGIN.l + MARGIN.r,
      height: height + top + MARGIN.b,
      margin: { ...MARGIN, t: top },
      xaxis: { ...axis, range: [0, width] },
      yaxis: { ...axis, range: [height, 0] },
      images: cells.map(({ picture, x, y }) => ({
        source: draw(picture),
        ...{ xref: 'x', yref: 'y', x, y: y + CAPTION, sizex: SIDE, sizey: SIDE, layer: 'above' },
      })),
      annotations: cells.map(({ picture, x, y }) => ({
        text: picture.caption,
        ...{ x: x + SIDE / 2, y: y + CAPTION / 2, showarrow: false },
      })),
    },
  };
}

/** A sample as a PNG, enlarged so that front ends that smooth images show its pixels sharp. */
function draw({ samples, row = 0 }: Picture): string {
  const { count, shape } = samples;
  if (!Number.isInteger(row) || row < 0 || row >= count) {
    throw new Error(`showImages: row is ${row}, expected an integer in 0..${count - 1}`);
  }
  const size = rowSize(shape);
  const values = samples.x.subarray(row * size, (row + 1) * size);
  const bits = shape.length === 1;
  const columns = bits ? Math.ceil(Math.sqrt(size)) : shape[1];
  const rows = bits ? Math.ceil(size / columns) : shape[0];
  const channels = bits ? 1 : shape[2];
  const colourOf = (cell: number) => {
    if (bits) return values[cell] === 1 ? BIT.one : BIT.zero;
    const [red, green = red, blue = red] = values.subarray(cell * channels, (cell + 1) * channels);
    return `rgb(${red}, ${green}, ${blue})`;
  };
  const scale = Math.ceil((2 * SIDE) / Math.max(columns, rows));
  const canvas = createCanvas(columns * scale, rows * scale);
  const pen = canvas.getContext('2d');
  const inset = bits ? 1 : 0; // a line between bits
  for (let cell = 0; cell < size / channels; cell++) {
    const [x, y] = [(cell % columns) * scale, Math.floor(cell / columns) * scale];
    pen.fillStyle = colourOf(cell);
    pen.fillRect(x, y, scale - inset, scale - inset);
  }
  return canvas.toDataURL('image/png');
}
