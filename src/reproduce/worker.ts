import type { MessagePort } from 'node:worker_threads';
import { useEngine } from '../engine/node';
import type { Run } from './run';
import { type Outcome, performRun } from './run-one';

/** What a worker thread answers: an error is an answer too, with the engine that met it. */
export interface Answer {
  readonly engine: string;
  readonly started: string;
  readonly seconds: number;
  readonly outcome?: Outcome;
  readonly error?: string;
}

/** Performs one run in a worker thread; `port` is told the share done, 0..1. */
export default async function work({ run, port }: { run: Run; port: MessagePort }): Promise<Answer> {
  const start = new Date();
  let engine = '';
  const found: Pick<Answer, 'outcome' | 'error'> = await (async () => {
    try {
      const { name, device } = await useEngine();
      engine = `${name}, ${device}`;
      return { outcome: await performRun(run, ({ done, total }) => port.postMessage(done / total)) };
    } catch (error) {
      return { error: (error as Error).message };
    } finally {
      port.close();
    }
  })();
  return { engine, started: start.toISOString(), seconds: (Date.now() - start.getTime()) / 1000, ...found };
}
