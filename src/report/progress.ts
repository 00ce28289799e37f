import { SingleBar } from 'cli-progress';
import type { Progress } from '../types';
import { display, inNotebook, Slot } from './display';

const PERIOD = 100; // milliseconds between updates

/**
 * Shows how far a long piece of work is. The returned function is what `train`, `probe` and `loadDataset` take
 * as `onProgress`.
 *
 * In a notebook it is one line that updates itself and ends without timings, so that executed notebooks do not
 * differ from run to run; on a terminal a bar with rate and time left, on stderr; elsewhere nothing.
 *
 * @param label what is going on, e.g. `training the marked model`
 */
export function showProgress(label: string): (progress: Progress) => void {
  if (inNotebook()) return notebookLine(label);
  return process.stderr.isTTY ? terminalBar(label) : () => {};
}

function notebookLine(label: string): (progress: Progress) => void {
  const slot = new Slot();
  const start = Date.now();
  let latest: Progress;
  let shownAt = 0;
  let pending: NodeJS.Timeout | undefined;
  const show = () => {
    clearTimeout(pending);
    pending = undefined;
    shownAt = Date.now();
    const { done, total, unit, note } = latest;
    const rate = done / Math.max((shownAt - start) / 1000, 0.001);
    const live = `, ${count(Math.round(rate))} ${unit}/s, ${Math.ceil((total - done) / rate)} s left`;
    const state = `${label}: ${count(done)} of ${count(total)} ${unit}`;
    const text = done >= total ? state : state + (done > 0 ? live : '') + (note ? ` · ${note}` : '');
    display({ data: { 'text/plain': text }, metadata: { progress: true } }, slot);
  };
  return progress => {
    latest = progress;
    if (progress.done >= progress.total || Date.now() - shownAt >= PERIOD) show();
    else pending ??= setTimeout(show, PERIOD).unref();
  };
}

function terminalBar(label: string): (progress: Progress) => void {
  const bar = new SingleBar({
    format: `${label} {bar} {percentage} %  {value}/{total} {unit}  {rate}/s  {eta_formatted} left  {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    fps: 1000 / PERIOD,
    etaBuffer: 50,
  });
  let start = 0;
  return ({ done, total, unit, note = '' }) => {
    if (!bar.isActive) {
      start = Date.now();
      bar.start(total, done, { unit, note, rate: '–' });
    }
    const rate = Math.round(done / Math.max((Date.now() - start) / 1000, 0.001));
    bar.update(done, { unit, note, rate: count(rate) });
    if (done >= total) bar.stop();
  };
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
