import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Canvas, createCanvas, DOMMatrix, DOMPoint, DOMRect, GlobalFonts } from '@napi-rs/canvas';
import { type RenderedImage, Resvg } from '@resvg/resvg-js';
import { type DOMWindow, JSDOM, VirtualConsole } from 'jsdom';

/** The family that measures and draws every label; it ships with the project, a bare machine has none. */
export const FONT = 'DejaVu Sans';

const FONT_FILES = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf', 'DejaVuSans-Oblique.ttf'].map(file =>
  join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf', file),
);

const LINE_HEIGHT = 1.3; // of the font size, as plotly sets lines

/**
 * A figure as plotly draws it, in SVG. Two dimensions only: plotly's 3-D needs WebGL.
 *
 * plotly.js needs a browser: it gets jsdom, with canvas and layout polyfilled.
 */
export async function renderSvg(figure: { data: object[]; layout: object }): Promise<string> {
  const { document, Plotly } = plotlyWindow();
  const place = document.body.appendChild(document.createElement('div'));
  try {
    await Plotly.newPlot(place, figure.data, figure.layout, { staticPlot: true });
    return Plotly.Snapshot.toSVG(place, 'svg', 1);
  } finally {
    Plotly.purge(place);
    place.remove();
  }
}

/** The picture of an SVG, `scale` pixels a unit. */
export function renderPng(svg: string, scale: number): RenderedImage {
  return new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    imageRendering: 1, // "optimizeSpeed": cells of a heatmap and pixels of an image are squares, not a blur
    font: { loadSystemFonts: false, fontFiles: FONT_FILES, defaultFontFamily: FONT },
  }).render();
}

type PlotlyWindow = DOMWindow & {
  Plotly: {
    newPlot(place: Element, data: object[], layout: object, config: object): Promise<unknown>;
    purge(place: Element): void;
    Snapshot: { toSVG(place: Element, format: 'svg', scale: number): string };
  };
};

let loaded: PlotlyWindow | undefined;

function plotlyWindow(): PlotlyWindow {
  if (loaded) return loaded;
  for (const file of FONT_FILES) GlobalFonts.registerFromPath(file, FONT);
  const { window } = new JSDOM('', {
    runScripts: 'outside-only',
    pretendToBeVisual: true,
    virtualConsole: new VirtualConsole(), // silent: jsdom would report each of its limits
  });
  Object.assign(window, { TextDecoder, TextEncoder });
  window.URL.createObjectURL = () => '';
  addCanvas(window);
  addTextLayout(window);
  addPathLengths(window);
  window.eval(readFileSync(require.resolve('plotly.js-dist'), 'utf8'));
  loaded = window as unknown as PlotlyWindow;
  return loaded;
}

/** Gives `<canvas>` its 2-D drawing; plotly paints heatmaps on one. */
function addCanvas(window: DOMWindow): void {
  const canvases = new WeakMap<HTMLCanvasElement, Canvas>();
  const canvasOf = (element: HTMLCanvasElement) => {
    let canvas = canvases.get(element);
    if (canvas?.width !== element.width || canvas.height !== element.height) {
      canvas = createCanvas(element.width, element.height);
      canvases.set(element, canvas);
    }
    return canvas;
  };
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: HTMLCanvasElement, kind: string) {
      return kind === '2d' ? canvasOf(this).getContext('2d') : null;
    },
    toDataURL(this: HTMLCanvasElement) {
      return canvasOf(this).toDataURL('image/png');
    },
  });
}

/** Lays texts out, measured in the font that will draw them; plotly asks for the place of nothing else. */
function addTextLayout(window: DOMWindow): void {
  const pen = createCanvas(1, 1).getContext('2d');
  const cornersOfText = (text: Element): DOMPoint[] => {
    const { fontSize, fontWeight } = (text as SVGTextElement).style;
    const size = Number.parseFloat(fontSize) || 12;
    pen.font = `${fontWeight || 'normal'} ${size}px "${FONT}"`;
    const spans = [...text.querySelectorAll('tspan.line')];
    const lines = spans.length > 0 ? spans : [text];
    const width = Math.max(...lines.map(line => pen.measureText(line.textContent ?? '').width));
    const anchor = text.getAttribute('text-anchor');
    const shift = anchor === 'middle' ? width / 2 : anchor === 'end' ? width : 0;
    const left = Number(text.getAttribute('x')) - shift;
    const top = Number(text.getAttribute('y')) - size;
    const [right, bottom] = [left + width, top + LINE_HEIGHT * size * lines.length];
    return [
      new DOMPoint(left, top),
      new DOMPoint(right, top),
      new DOMPoint(right, bottom),
      new DOMPoint(left, bottom),
    ];
  };
  /** The corners of all texts in `element`, in its own coordinates. */
  const corners = (element: Element): DOMPoint[] =>
    element.matches('text')
      ? cornersOfText(element)
      : [...element.children].flatMap(child =>
          corners(child).map(corner => transformOf(child).transformPoint(corner)),
        );
  const boxAround = (points: DOMPoint[]) => {
    const xs = points.length > 0 ? points.map(point => point.x) : [0];
    const ys = points.length > 0 ? points.map(point => point.y) : [0];
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    return new DOMRect(left, top, Math.max(...xs) - left, Math.max(...ys) - top);
  };
  window.Element.prototype.getBoundingClientRect = function () {
    let points = corners(this);
    for (let element: Element | null = this; element; element = element.parentElement) {
      const transform = transformOf(element);
      points = points.map(point => transform.transformPoint(point));
    }
    return boxAround(points) as unknown as globalThis.DOMRect;
  };
  Object.assign(window.SVGElement.prototype, {
    getBBox(this: Element) {
      return boxAround(corners(this));
    },
    getComputedTextLength(this: Element) {
      return boxAround(corners(this)).width;
    },
  });
}

/** The `transform` attribute as a matrix: the moves and turns that plotly writes. */
function transformOf(element: Element): DOMMatrix {
  let matrix = new DOMMatrix();
  for (const [, kind, list] of (element.getAttribute('transform') ?? '').matchAll(/(\w+)\(([^)]*)\)/g)) {
    const [first, second = 0, third = 0] = list.split(/[\s,]+/).map(Number);
    if (kind === 'translate') matrix = matrix.translate(first, second);
    if (kind === 'rotate') matrix = matrix.translate(second, third).rotate(first).translate(-second, -third);
  }
  return matrix;
}

/** Gives paths their length along straight lines: plotly turns the heads of its arrows by it. */
function addPathLengths(window: DOMWindow): void {
  const pointsOf = (path: Element) =>
    [...(path.getAttribute('d') ?? '').matchAll(/(-?[\d.]+)[ ,](-?[\d.]+)/g)].map(([, x, y]) => [+x, +y]);
  const walk = (path: Element, limit: number) => {
    const [[x, y], ...rest] = pointsOf(path);
    const place = { x, y, walked: 0 };
    for (const [nextX, nextY] of rest) {
      const step = Math.hypot(nextX - place.x, nextY - place.y);
      const part = step === 0 ? 0 : Math.min(1, (limit - place.walked) / step);
      place.x += part * (nextX - place.x);
      place.y += part * (nextY - place.y);
      place.walked += part * step;
    }
    return place;
  };
  Object.assign(window.SVGElement.prototype, {
    getTotalLength(this: Element) {
      return walk(this, Number.POSITIVE_INFINITY).walked;
    },
    getPointAtLength(this: Element, length: number) {
      return walk(this, length);
    },
  });
}
