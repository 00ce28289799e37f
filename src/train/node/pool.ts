import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { type Engine, type EngineName, useEngine } from '../../engine/node';

/** What a thread is sent. */
export interface Task<Input> {
  readonly input: Input;
  readonly engine: EngineName;
  /** Progress goes out; any message that comes in asks to stop. */
  readonly port: MessagePort;
}

/** How one task is watched and stopped from outside. */
interface Watch<News> {
  readonly onProgress?: (news: News) => void;
  /** Asks the task to stop; it may still return what it has. */
  readonly signal?: AbortSignal;
}

/** Worker threads that compute with the engine of this process, each task in a thread of its own. */
export class Pool<Input, Output, News> {
  private constructor(
    readonly engine: Engine,
    private readonly threads: Piscina<Task<Input>, Output>,
  ) {}

  /**
   * Starts the engine here, to learn its name, and then a pool of at most `workers` threads.
   *
   * @param file a module whose default export is made by {@link inThread}
   */
  static async open<Input, Output, News>(file: string, workers: number): Promise<Pool<Input, Output, News>> {
    const engine = await useEngine();
    const options = { minThreads: 0, maxThreads: workers, idleTimeout: Number.POSITIVE_INFINITY };
    return new Pool<Input, Output, News>(engine, new Piscina({ filename: file, ...options }));
  }

  /** Does one task, when a thread is free. */
  async run(input: Input, { onProgress, signal }: Watch<News> = {}): Promise<Output> {
    const { port1: here, port2: port } = new MessageChannel();
    const stop = () => here.postMessage('stop');
    here.on('message', (news: News) => onProgress?.(news));
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    try {
      return await this.threads.run({ input, engine: this.engine.name, port }, { transferList: [port] });
    } finally {
      signal?.removeEventListener('abort', stop);
      here.close();
    }
  }

  /** Ends the threads; tasks that are not done fail. */
  close(): Promise<void> {
    return this.threads.destroy();
  }
}

/** The thread's side of a {@link Pool}: the default export of its file, from what it does. */
export function inThread<Input, Output, News>(
  work: (input: Input, watch: Required<Watch<News>>) => Promise<Output>,
): (task: Task<Input>) => Promise<Output> {
  return async ({ input, engine, port }) => {
    const stop = new AbortController();
    port.on('message', () => stop.abort());
    try {
      await useEngine(engine);
      return await work(input, { onProgress: news => port.postMessage(news), signal: stop.signal });
    } finally {
      port.close();
    }
  };
}
