import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { Random } from '../../random';
import { type BlackBox, REFUSED } from '../../types';
import { excerpt } from './answer-reader';
import {
  type Exchange,
  openInference,
  type Protocol,
  type Reply,
  StrayReply,
  type TensorOptions,
  tfServing,
} from './protocols';

interface ConnectionOptions {
  /** Address of the model, http or https, e.g. `http://localhost:8500/v2/models/suspect`. */
  readonly url: string;
  /** Number of classes K. */
  readonly classes: number;
  /** Name of the environment variable that holds the service's key or token. Never stored or shown. */
  readonly tokenVariable?: string;
  /** Header that carries the token. Default `authorization`, where it is preceded by `Bearer`. */
  readonly tokenHeader?: string;
  /** Most queries a second. Default: no limit. */
  readonly queriesPerSecond?: number;
  /** Milliseconds for one attempt, from sending to the last byte. Default 30,000. */
  readonly timeoutMs?: number;
  /** Further attempts after a failure that may pass. Default 5. */
  readonly retries?: number;
  /** Milliseconds before the first further attempt; doubles each time, with random jitter. Default 500. */
  readonly retryDelayMs?: number;
  /** Longest wait between attempts, in milliseconds; a service that asks for more is an error. Default 120,000. */
  readonly maxWaitMs?: number;
  /** Of the jitter. Default 0. */
  readonly seed?: number;
  /** Most bytes of an answer. Default 8 MiB. */
  readonly maxResponseBytes?: number;
}

export type HttpOptions = ConnectionOptions &
  ((TensorOptions & { readonly protocol: 'openinference' | 'tfserving' }) | { readonly protocol: Protocol });

export interface HttpModel extends BlackBox {
  readonly name: string;
  /** Whether the service says that the model can answer. */
  ready(): Promise<boolean>;
  /** Closes the connections. A process ends without it. */
  close(): Promise<void>;
}

/** Failures of a connection that a later attempt may not meet; time-outs and parser errors (HPE_…) besides. */
const PASSING = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['EAI_AGAIN', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
]);
const MOST_REDIRECTS = 5;

/**
 * Somebody else's model behind an address.
 *
 * `protocol` is `openinference` or `tfserving` (see {@link openInference} and {@link tfServing} for what each
 * reveals to the service), or for anything else a function that builds the request about a batch and reads
 * labels from the answer. One call of `predict` is one request; `probe` makes the batches.
 *
 * Attempts are repeated after broken connections, time-outs and the statuses 429 (waiting as long as
 * Retry-After says), 502, 503 and 504; never after another 4xx. Status 451 is a refusal. Redirects (307, 308)
 * are followed within the same origin only, certificates are always verified, and `HTTP_PROXY`, `HTTPS_PROXY`
 * and `NO_PROXY` are heeded.
 *
 * @example
 * const suspect = httpModel({
 *   url: 'https://api.example.com/v2/models/shoes', protocol: 'openinference', classes: 10,
 *   preprocess: { scale: 1 / 255 }, answers: 'probabilities', tokenVariable: 'SHOES_TOKEN',
 * });
 * @example
 * // an API that takes one picture a request and answers {"class": 3}: probe it with batchSize 1
 * const suspect = httpModel({
 *   url: 'https://api.example.com/classify', classes: 10,
 *   protocol: async samples => ({
 *     headers: { 'content-type': 'image/png' }, body: await png(samples),
 *     labels: reply => [(reply.json() as { class: number }).class],
 *   }),
 * });
 * @throws Error when an option is out of range
 */
export function httpModel(options: HttpOptions): HttpModel {
  const connection = new Connection(options);
  const protocol = protocolOf(options, path => connection.get(path));
  return {
    classes: options.classes,
    name: connection.name,
    predict: async (samples, request) => {
      const exchange = await protocol(samples);
      return connection.ask(exchange, samples.count, request?.onRetry);
    },
    ready: async () => {
      try {
        const state = await connection.get(options.protocol === 'openinference' ? '/ready' : '');
        return options.protocol !== 'tfserving' || JSON.stringify(state).includes('"AVAILABLE"');
      } catch {
        return false;
      }
    },
    close: () => connection.close(),
  };
}

function protocolOf(options: HttpOptions, get: (path: string) => Promise<unknown>): Protocol {
  if (typeof options.protocol === 'function') return options.protocol;
  const tensors = options as TensorOptions;
  if (options.protocol === 'openinference') return openInference(tensors, get);
  if (options.protocol === 'tfserving') return tfServing(tensors);
  throw new Error(
    `httpModel: protocol is ${options.protocol}, expected openinference, tfserving or a function`,
  );
}

class DeadlineError extends Error {
  constructor(timeoutMs: number) {
    super(`no complete answer within ${timeoutMs} ms`);
  }
}

/** A status other than 200. */
class StatusError extends Error {
  constructor(
    readonly status: number,
    readonly retryAfter: string | undefined,
    body: string,
  ) {
    super(`status ${status}, ${excerpt(body)}`);
  }
}

class Connection {
  /** The address without query, which may hold a key. */
  readonly name: string;
  private readonly url: URL;
  private readonly urls = new Map<string, URL>();
  private readonly secret: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly random: Random;
  private agent: EnvHttpProxyAgent;
  private nextSlot = 0;

  constructor(private readonly options: ConnectionOptions) {
    const { url, classes, tokenVariable, tokenHeader = 'authorization', seed = 0 } = options;
    this.url = address(url);
    this.name = this.url.origin + this.url.pathname;
    if (!Number.isInteger(classes) || classes < 2) {
      throw new Error(`httpModel: classes is ${classes}, expected an integer of at least 2`);
    }
    for (const name of [
      'queriesPerSecond',
      'timeoutMs',
      'retryDelayMs',
      'maxWaitMs',
      'maxResponseBytes',
    ] as const) {
      const value = options[name];
      if (value !== undefined && !(value > 0)) {
        throw new Error(`httpModel: ${name} is ${value}, expected a number above 0`);
      }
    }
    this.secret = tokenVariable === undefined ? '' : (process.env[tokenVariable] ?? '');
    if (tokenVariable !== undefined && this.secret === '') {
      throw new Error(`httpModel: tokenVariable is ${tokenVariable}, expected a variable that is set`);
    }
    const token = tokenHeader === 'authorization' ? `Bearer ${this.secret}` : this.secret;
    this.headers = this.secret === '' ? {} : { [tokenHeader]: token };
    this.random = new Random(seed, 'retry');
    this.agent = newAgent();
  }

  /** Sends a batch until there is an answer, and reads it. */
  async ask(exchange: Exchange, count: number, onRetry?: () => void): Promise<Int32Array> {
    const { path = '', body } = exchange;
    const headers = { 'content-type': 'application/json', ...exchange.headers };
    return this.attempt(path, count, onRetry, async url => {
      try {
        const reply = await this.fetch(url, { method: 'POST', headers, body });
        return Int32Array.from(exchange.labels(reply));
      } catch (error) {
        if (error instanceof StatusError && error.status === 451) return new Int32Array(count).fill(REFUSED);
        throw error;
      }
    });
  }

  async get(path: string): Promise<unknown> {
    return this.attempt(path, 0, undefined, async url => {
      const reply = await this.fetch(url, { method: 'GET', headers: {} });
      return reply.body.length === 0 ? null : reply.json();
    });
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  /** Runs `action` until it succeeds, as often as its failures and the options allow. */
  private async attempt<T>(
    path: string,
    queries: number,
    onRetry: (() => void) | undefined,
    action: (url: URL) => Promise<T>,
  ): Promise<T> {
    const { retries = 5 } = this.options;
    const url = this.below(path);
    for (let failures = 0; ; ) {
      await this.pace(queries);
      try {
        return await action(url);
      } catch (error) {
        failures++;
        const wait = this.waitAfter(error as Error, failures);
        if (wait === undefined || failures > retries) throw this.named(error as Error, url, failures);
        // whatever else is in the line of this connection belongs to somebody else's question
        if (error instanceof StrayReply) this.reconnect();
        await sleep(wait);
      }
      onRetry?.();
    }
  }

  /** The address with `path` appended. */
  private below(path: string): URL {
    const known = this.urls.get(path);
    if (known !== undefined) return known;
    const url = new URL(this.url);
    url.pathname += path;
    this.urls.set(path, url);
    return url;
  }

  /** Milliseconds to wait before trying again; undefined when that is no use. */
  private waitAfter(error: Error, failures: number): number | undefined {
    const { retryDelayMs = 500, maxWaitMs = 120_000 } = this.options;
    const backoff = Math.min(maxWaitMs, retryDelayMs * 2 ** (failures - 1)) * (0.5 + this.random.next() / 2);
    if (error instanceof StatusError) {
      if (![429, 502, 503, 504].includes(error.status)) return undefined;
      const asked = waitAskedFor(error.retryAfter);
      if (asked > maxWaitMs) {
        error.message += `; it asks to wait ${Math.round(asked / 1000)} s`;
        return undefined;
      }
      return Math.max(asked, backoff);
    }
    const code = String((error as NodeJS.ErrnoException).code);
    const known = error instanceof StrayReply || error instanceof DeadlineError;
    return known || PASSING.has(code) || code.startsWith('HPE_') ? backoff : undefined;
  }

  /** One request and its complete answer, following redirects. */
  private async fetch(first: URL, init: Omit<Dispatcher.RequestOptions, 'path' | 'origin'>): Promise<Reply> {
    const { timeoutMs = 30_000 } = this.options;
    // undici takes an emitter for an AbortSignal, which costs a third of a small request
    const timer = new EventEmitter();
    const timeout = setTimeout(() => {
      Object.assign(timer, { reason: new DeadlineError(timeoutMs) }).emit('abort');
    }, timeoutMs);
    try {
      let url = first;
      for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
        const response = await request(url, {
          ...init,
          headers: { accept: 'application/json', ...this.headers, ...init.headers },
          dispatcher: this.agent,
          signal: timer,
        });
        const body = await this.read(response);
        if (response.statusCode === 200) return { body, headers: response.headers, json: () => parse(body) };
        const { location, 'retry-after': after } = response.headers;
        if (![307, 308].includes(response.statusCode) || location === undefined) {
          throw new StatusError(response.statusCode, after?.toString(), body.toString('utf8', 0, 200));
        }
        url = new URL(String(location), url);
        if (url.origin !== this.url.origin) {
          throw new Error(`redirected to ${excerpt(url.origin)}, expected the same origin`);
        }
      }
      throw new Error(`more than ${MOST_REDIRECTS} redirects`);
    } finally {
      clearTimeout(timeout);
    }
  }

  private async read({ body, headers }: Dispatcher.ResponseData): Promise<Buffer> {
    const { maxResponseBytes = 8 * 2 ** 20 } = this.options;
    const tooLarge = () =>
      new Error(`the answer is larger than ${maxResponseBytes} bytes, see maxResponseBytes`);
    const chunks: Buffer[] = [];
    let size = 0;
    // events, because iterating over a stream takes as long as all the rest of a small request
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxResponseBytes) body.destroy(tooLarge());
    });
    if (Number(headers['content-length'] ?? 0) > maxResponseBytes) body.destroy(tooLarge());
    await once(body, 'end');
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  }

  /** Waits until `queries` more may be sent. */
  private async pace(queries: number): Promise<void> {
    const { queriesPerSecond } = this.options;
    if (queriesPerSecond === undefined) return;
    const now = performance.now();
    const slot = Math.max(now, this.nextSlot);
    this.nextSlot = slot + (1000 * queries) / queriesPerSecond;
    if (slot > now) await sleep(slot - now);
  }

  private reconnect(): void {
    void this.agent.destroy();
    this.agent = newAgent();
  }

  private named(error: Error, url: URL, attempts: number): Error {
    const times = attempts === 1 ? '' : ` (attempt ${attempts})`;
    const code = (error as NodeJS.ErrnoException).code;
    const message = error.message || code || error.name;
    const text = `httpModel: ${url.origin}${url.pathname}: ${message}${times}`;
    // a server may repeat our header in its complaint; the original error is not kept for the same reason
    return new Error(this.secret === '' ? text : text.replaceAll(this.secret, '***'));
  }
}

function newAgent(): EnvHttpProxyAgent {
  const verified = { rejectUnauthorized: true };
  return new EnvHttpProxyAgent({ connect: verified, requestTls: verified, proxyTls: verified });
}

function address(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
    if (!/^https?:$/.test(url.protocol)) throw new Error('unknown scheme');
  } catch {
    throw new Error(`httpModel: url is ${excerpt(text)}, expected an http or https address`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('httpModel: url holds a user name or password, expected none; use tokenVariable');
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** Retry-After, in milliseconds: seconds or a date; 0 when it says neither. */
function waitAskedFor(header: string | undefined): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Error(`the answer is not JSON: ${excerpt(body.toString('utf8', 0, 200))}`);
  }
}
