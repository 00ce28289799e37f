import { setTimeout as sleep } from 'node:timers/promises';
import { EnvHttpProxyAgent } from 'undici';
import { checksOf } from '../../check';
import { Random } from '../../random';
import type { BoxRequest } from '../../types';
import { AnswerError } from './answer-reader';
import { type Reply, StrayReply } from './protocols';
import { type Message, roundTrip, StatusError } from './round-trip';

export interface ConnectionOptions {
  /** Address of the model, http or https, e.g. `http://localhost:8500/v2/models/suspect`. */
  readonly url: string;
  /** Name of the environment variable that holds the service's key or token. Never stored or shown. */
  readonly tokenVariable?: string;
  /** Header that carries the token. Default `authorization`, where `Bearer` precedes it if it names no scheme. */
  readonly tokenHeader?: string;
  /** Most queries a second. Default: no limit. */
  readonly queriesPerSecond?: number;
  /** Milliseconds for one attempt, from connecting to the last byte. Default 30,000. */
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

/** Failures that a later attempt may not meet; parser errors (HPE_…) besides. */
const PASSING = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['EADDRNOTAVAIL', 'EAI_AGAIN', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'],
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
/** Timers can't wait longer; a longer time would end at once. */
const MOST_MS = 2 ** 31 - 1;

const check = checksOf('httpModel');

/** A request about `queries` samples, 0 for a question about the service, at a path below the address. */
interface Question extends Omit<Message, 'onSend'> {
  readonly path: string;
  readonly queries: number;
}

/**
 * Sends requests to one address: with a token, at a limited rate, and again after failures that may pass.
 *
 * Each request has a connection of its own: where answers carry no id, nothing else tells a late or repeated
 * answer from the answer to the next request.
 */
export class Connection {
  /** The address without query, which may hold a key. */
  readonly name: string;
  private readonly url: URL;
  /** Where redirects of a path led. */
  private readonly moved = new Map<string, URL>();
  private readonly token: string;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly random: Random;
  private readonly agent: EnvHttpProxyAgent;
  private nextSlot = 0;

  constructor(private readonly options: ConnectionOptions) {
    const { url, tokenVariable, tokenHeader = 'authorization', seed = 0, timeoutMs = 30_000 } = options;
    this.url = address(url);
    this.name = this.url.origin + this.url.pathname;
    for (const name of ['timeoutMs', 'retryDelayMs', 'maxWaitMs'] as const) {
      if (options[name] !== undefined) check.number(name, options[name], `(0, ${MOST_MS}]`);
    }
    for (const name of ['queriesPerSecond', 'maxResponseBytes'] as const) {
      if (options[name] !== undefined) check.number(name, options[name], '(0, ∞)');
    }
    this.token = tokenVariable === undefined ? '' : (process.env[tokenVariable] ?? '');
    if (tokenVariable !== undefined && this.token === '') {
      check.fail('tokenVariable', tokenVariable, 'a variable that is set');
    }
    const bare = tokenHeader.toLowerCase() === 'authorization' && !/\S\s+\S/.test(this.token);
    this.headers = this.token === '' ? {} : { [tokenHeader]: bare ? `Bearer ${this.token}` : this.token };
    this.random = new Random(seed, 'retry');
    const verified = { rejectUnauthorized: true, timeout: timeoutMs };
    this.agent = new EnvHttpProxyAgent({
      pipelining: 0, // a connection for each request
      connect: verified,
      requestTls: verified,
      proxyTls: verified,
    });
  }

  /**
   * Asks `question` until there is an answer, and reads it.
   *
   * @throws Error, with `unsent: true` where its queries certainly did not leave since the last `onRetry`
   */
  async send<T>(question: Question, read: (reply: Reply) => T, asking: BoxRequest = {}): Promise<T> {
    const { retries = 5 } = this.options;
    const { onRetry, signal } = asking;
    let sent = false;
    const onSend = () => {
      sent = true;
    };
    const failure = (error: Error, attempts: number) =>
      Object.assign(this.named(error, question.path, attempts), { unsent: !sent || question.queries === 0 });
    const wait = async (ms: number, attempts: number) => {
      if (ms <= 0 && !signal?.aborted) return;
      await sleep(Math.min(ms, MOST_MS), undefined, { signal }).catch(() => {
        throw failure(new Error('interrupted'), attempts);
      });
    };
    for (let attempts = 1; ; attempts++) {
      await wait(this.slot(question.queries), attempts);
      try {
        return reading(read, await this.fetch(question, onSend));
      } catch (error) {
        const delay = attempts > retries ? undefined : this.delayAfter(error as Error, attempts);
        if (delay === undefined) throw failure(error as Error, attempts);
        await wait(delay, attempts);
      }
      if (sent) onRetry?.();
      sent = false;
    }
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  /** Milliseconds to wait before trying again; undefined when that is no use. */
  private delayAfter(error: Error, failures: number): number | undefined {
    const { retryDelayMs = 500, maxWaitMs = 120_000 } = this.options;
    const backoff = Math.min(maxWaitMs, retryDelayMs * 2 ** (failures - 1)) * (0.5 + this.random.next() / 2);
    if (error instanceof StatusError) {
      if (![429, 502, 503, 504].includes(error.status)) return undefined;
      return error.wait > maxWaitMs ? undefined : Math.max(error.wait, backoff);
    }
    const code = String((error as NodeJS.ErrnoException).code);
    const passing = error instanceof StrayReply || PASSING.has(code) || code.startsWith('HPE_');
    return passing ? backoff : undefined;
  }

  private async fetch({ path, ...message }: Question, onSend: () => void): Promise<Reply> {
    const { timeoutMs = 30_000, maxResponseBytes = 8 * 2 ** 20 } = this.options;
    const place = `${message.method} ${path}`;
    const url = this.moved.get(place) ?? below(this.url, path);
    const headers = { ...this.headers, ...message.headers };
    const moved = (to: URL) => this.moved.set(place, to);
    return roundTrip(
      this.agent,
      url,
      { ...message, headers, onSend },
      { timeoutMs, maxResponseBytes },
      moved,
    );
  }

  /** Milliseconds until `queries` more may be sent. */
  private slot(queries: number): number {
    const { queriesPerSecond = Infinity } = this.options;
    const now = performance.now();
    const slot = Math.max(now, this.nextSlot);
    this.nextSlot = slot + (1000 * queries) / queriesPerSecond;
    return slot - now;
  }

  /** The error to show. The original is not kept: a server may repeat our token in its complaint. */
  private named(error: Error, path: string, attempts: number): Error {
    const times = attempts === 1 ? '' : ` (attempt ${attempts})`;
    const secret = this.token !== '' || this.url.search !== '';
    const discreet = error instanceof AnswerError && secret ? error.discreet : error.message;
    const message = discreet || (error as NodeJS.ErrnoException).code || error.name;
    const { origin, pathname } = below(this.url, path);
    const clean = message.replace(/\p{Cc}/gu, ' '); // a certificate's names are a stranger's too
    return new Error(`httpModel: ${origin}${pathname}: ${clean}${times}`);
  }
}

/** What `read` makes of an answer; what it complains about may quote the answer. */
function reading<T>(read: (reply: Reply) => T, reply: Reply): T {
  try {
    return read(reply);
  } catch (error) {
    if (error instanceof AnswerError) throw error;
    throw new AnswerError(quote => `the answer can't be read: ${quote((error as Error).message)}`);
  }
}

function address(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return check.fail('url', text, 'an http or https address');
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('httpModel: url holds a user name or password, expected none; use tokenVariable');
  }
  return url;
}

/** The address with `path` appended. */
function below(address: URL, path: string): URL {
  const url = new URL(address);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  return url;
}
