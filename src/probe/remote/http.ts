import { checksOf } from '../../check';
import { sha256 } from '../../files';
import { type BlackBox, REFUSED, type Samples } from '../../types';
import { AnswerError, isLabel } from './answer-reader';
import { Connection, type ConnectionOptions } from './connection';
import {
  type Exchange,
  type Get,
  openInference,
  type Protocol,
  type Reply,
  type TensorOptions,
  tfServing,
} from './protocols';

interface OwnProtocol {
  /** Number of classes K. */
  readonly classes: number;
  readonly protocol: Protocol;
}

export type HttpOptions = ConnectionOptions &
  ((TensorOptions & { readonly protocol: 'openinference' | 'tfserving' }) | OwnProtocol);

export interface HttpModel extends BlackBox {
  readonly name: string;
  /** Whether the service says that the model can answer. */
  ready(): Promise<boolean>;
  /** Closes the connections. A process ends without it. */
  close(): Promise<void>;
}

const check = checksOf('httpModel');

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
 * and `NO_PROXY` are heeded. Where a token is sent, or a query in the address may hold a key, messages quote
 * nothing that the service sent.
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
  const { classes, protocol } = options;
  check.integer('classes', classes, 2);
  const connection = new Connection(options);
  const get = (path: string, signal?: AbortSignal) => {
    const question = { method: 'GET', path, headers: {}, queries: 0 } as const;
    return connection.send(question, reply => (reply.body.length > 0 ? reply.json() : null), { signal });
  };
  const speak = protocolOf(options, get);
  return {
    classes,
    name: connection.name,
    settings: settingsOf(options),
    predict: async (samples, asking) => {
      const { count } = samples;
      const { labels, path = '', body, ...exchange } = await exchangeAbout(samples, asking?.signal);
      const headers = { 'content-type': 'application/json', ...exchange.headers };
      const post = { method: 'POST', path, headers, body, queries: count } as const;
      const read = (reply: Reply) =>
        reply.status === 451 ? refusals(count) : checked(labels(reply), count, classes, reply);
      return connection.send(post, read, asking);
    },
    ready: async () => {
      try {
        const state = await get(protocol === 'openinference' ? '/ready' : '');
        return protocol !== 'tfserving' || JSON.stringify(state).includes('"AVAILABLE"');
      } catch {
        return false;
      }
    },
    close: () => connection.close(),
  };

  async function exchangeAbout(samples: Samples, signal?: AbortSignal): Promise<Exchange> {
    try {
      const exchange = await speak(samples, signal);
      if (typeof exchange.body === 'string' || exchange.body instanceof Uint8Array) return exchange;
      return check.fail('body of the request', exchange.body, 'a string or bytes');
    } catch (error) {
      // a protocol of the caller's may have asked something by itself
      throw Object.assign(error as Error, { unsent: typeof protocol !== 'function' });
    }
  }
}

function protocolOf(options: HttpOptions, get: Get): Protocol {
  if (typeof options.protocol === 'function') return options.protocol;
  const tensors = options as TensorOptions;
  if (options.protocol === 'openinference') return openInference(tensors, get);
  if (options.protocol === 'tfserving') return tfServing(tensors);
  return check.fail('protocol', options.protocol, 'openinference, tfserving or a function');
}

/** All that decides what is asked and how answers become labels, as far as the options say it. */
function settingsOf(options: HttpOptions): Record<string, unknown> {
  if (typeof options.protocol === 'function') {
    return { protocol: `a function with SHA-256 ${sha256(String(options.protocol))}` };
  }
  const { protocol, preprocess, answers, classNames, input, output, columns } = options;
  return JSON.parse(JSON.stringify({ protocol, preprocess, answers, classNames, input, output, columns }));
}

const refusals = (count: number) => new Int32Array(count).fill(REFUSED);

/** What a protocol read from an answer, if it is a label or a refusal for each sample. */
function checked(
  labels: ArrayLike<number | 'refused'>,
  count: number,
  classes: number,
  reply: Reply,
): Int32Array {
  const expected = `expected an integer in 0..${classes - 1} or 'refused'`;
  if (labels?.length !== count) {
    throw new AnswerError(quote => {
      const found = labels?.length === undefined ? quote(labels) : `${labels.length} labels`;
      return `the protocol read ${found}, expected ${count} labels; the answer: ${quote(String(reply.body))}`;
    });
  }
  return refusals(count).map((refused, i) => {
    const label: unknown = labels[i];
    if (label === 'refused') return refused;
    if (isLabel(label, classes)) return label;
    throw new AnswerError(
      quote =>
        `sample ${i} of ${count}: label is ${quote(label)}, ${expected}; the answer: ${quote(String(reply.body))}`,
    );
  });
}
