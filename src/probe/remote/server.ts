import { createHmac, randomInt } from 'node:crypto';
import { fastify } from 'fastify';
import { checksOf } from '../../check';
import { type BlackBox, rowSize, type Samples } from '../../types';

export interface ServeOptions {
  /** Shape of one sample; requests carry its bytes, 0..255, in our own order (NHWC). */
  readonly shape: readonly number[];
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`: nobody else can reach it. */
  readonly host?: string;
  /** Name of the model in its address. Default `suspect`. */
  readonly name?: string;
  /** What is given away. Default `label`. The others need `logits`. */
  readonly answers?: 'label' | 'probabilities' | 'top-k';
  /** Scores of the model, [count × classes], e.g. by `predictLogits`. */
  readonly logits?: (samples: Samples) => Promise<Float32Array>;
  /** Share of samples that get a random answer. Default 0. */
  readonly noise?: number;
  /** Share of requests that are refused, with status 451. Default 0. */
  readonly refuseRate?: number;
  /** Requests a second, above which the answer is 429 with Retry-After. Default: no limit. */
  readonly rateLimit?: number;
  /** Of noise and refusals, which depend on it and the samples: asked again, the answer is the same. Default: random. */
  readonly seed?: number;
}

export interface ModelServer {
  /** Address of the server. */
  readonly origin: string;
  /** The model's address for `httpModel`'s protocol `openinference`. */
  readonly openinference: string;
  /** The same for `tfserving`. */
  readonly tfserving: string;
  close(): Promise<void>;
}

/** Lists nested deeper are no samples. */
const MOST_AXES = 16;

/** An error that is answered with a status. */
const withStatus = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode });

/**
 * Serves a model as a stranger might: over the Open Inference Protocol and TensorFlow Serving's REST API at
 * once, for demonstrations and tests. Runs until closed.
 *
 * @throws Error when an option is out of range or the port is taken
 */
export async function serveModel(box: BlackBox, options: ServeOptions): Promise<ModelServer> {
  const { shape, port = 0, host = '127.0.0.1', name = 'suspect', answers = 'label', rateLimit } = options;
  checkOptions(options);
  const size = rowSize(shape);
  const answer = answerer(box, options);
  // memory is bounded by the connections times the body limit, and a slow body by the time
  const app = fastify({ bodyLimit: 16 * 2 ** 20, requestTimeout: 30_000, forceCloseConnections: true });
  app.server.maxConnections = 64;

  const asked = limiter(rateLimit);
  app.addHook('onRequest', async (request, reply) => {
    const wait = request.method === 'POST' ? asked() : 0;
    if (wait === 0) return;
    reply.header('retry-after', wait);
    throw withStatus(429, `more than ${rateLimit} requests a second`);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  );

  const v2 = `/v2/models/${name}`;
  const width = answers === 'probabilities' ? box.classes : 1;
  const datatype = { label: 'INT64', probabilities: 'FP32', 'top-k': 'BYTES' }[answers];
  app.get('/v2/health/live', async () => ({ live: true }));
  app.get(`${v2}/ready`, async () => ({ name, ready: true }));
  app.get(v2, async () => ({
    name,
    platform: 'mib',
    inputs: [{ name: 'input', datatype: 'UINT8', shape: [-1, ...shape] }],
    outputs: [{ name: 'output', datatype, shape: [-1, width] }],
  }));
  app.post(`${v2}/infer`, async request => {
    const { id, inputs } = (request.body ?? {}) as {
      id?: unknown;
      inputs?: ({ shape?: unknown[]; data?: unknown } | null)[];
    };
    const [input] = Array.isArray(inputs) ? inputs : [];
    const rows = await answer(toSamples(input?.data, input?.shape?.[0]));
    const output = { name: 'output', shape: [rows.length, rows[0].length], datatype, data: rows.flat() };
    return { model_name: name, ...(id === undefined ? {} : { id }), outputs: [output] };
  });

  const v1 = `/v1/models/${name}`;
  app.get(v1, async () => ({
    model_version_status: [
      { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } },
    ],
  }));
  // the colon of `:predict` is doubled because one would begin a parameter
  app.post(`${v1}::predict`, async request => {
    const { instances, inputs } = (request.body ?? {}) as { instances?: unknown; inputs?: unknown };
    const given = unnamed(instances ?? inputs);
    const data = Array.isArray(given) ? given.map(unnamed) : [];
    const rows = await answer(toSamples(data, data.length));
    const values = rows.map(row => (width === 1 && answers === 'label' ? row[0] : row));
    return instances ? { predictions: values } : { outputs: values };
  });

  const origin = await app.listen({ port, host });
  return { origin, openinference: origin + v2, tfserving: origin + v1, close: () => app.close() };

  function toSamples(data: unknown, count: unknown): Samples {
    const numbers = Array.isArray(data) ? (data.flat(MOST_AXES) as unknown[]) : [];
    if (
      !isCount(count) ||
      numbers.length !== count * size ||
      numbers.some(n => !(Number.isInteger(n) && (n as number) >= 0 && (n as number) <= 255))
    ) {
      throw withStatus(400, `expected samples of ${size} integers in 0..255 each`);
    }
    return { x: Uint8Array.from(numbers as number[]), y: new Uint8Array(count), count, shape };
  }
}

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0;

/** The tensor itself, where it is given as `{"input": tensor}`. */
function unnamed(value: unknown): unknown {
  const named = typeof value === 'object' && value !== null && 'input' in value;
  return named ? value.input : value;
}

/** What the service answers to a batch: a list of values for each sample. */
function answerer(
  box: BlackBox,
  { answers = 'label', logits, noise = 0, refuseRate = 0, seed = randomInt(2 ** 32) }: ServeOptions,
): (samples: Samples) => Promise<(number | string)[][]> {
  /** A number in [0, 1) that depends on seed, purpose and bytes alone. */
  const draw = (purpose: string, bytes: Uint8Array) =>
    createHmac('sha256', `${seed} ${purpose}`).update(bytes).digest().readUInt32BE() / 2 ** 32;
  return async samples => {
    if (draw('refuse', samples.x) < refuseRate) throw withStatus(451, 'this is not answered');
    const labels = await box.predict(samples);
    const scores = answers === 'label' ? undefined : await logits?.(samples);
    return Array.from(labels, (honest, row) => {
      const bytes = samples.x.subarray(
        (row * samples.x.length) / samples.count,
        ((row + 1) * samples.x.length) / samples.count,
      );
      const label = draw('noise', bytes) < noise ? Math.floor(draw('label', bytes) * box.classes) : honest;
      if (scores === undefined) return [label];
      const own = scores.slice(row * box.classes, (row + 1) * box.classes);
      if (label !== honest) [own[label], own[honest]] = [own[honest], own[label]];
      const shares = softmax(own);
      return answers === 'probabilities' ? shares : [`${shares[label].toFixed(6)}:${label}`];
    });
  };
}

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const powers = Array.from(logits, logit => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map(power => power / sum);
}

/** Seconds that a request arriving now has to wait: a bucket that holds one second's worth. */
function limiter(rate: number | undefined): () => number {
  if (rate === undefined) return () => 0;
  let tokens = Math.max(1, rate);
  let last = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(Math.max(1, rate), tokens + ((now - last) / 1000) * rate);
    last = now;
    if (tokens < 1) return Math.ceil((1 - tokens) / rate);
    tokens--;
    return 0;
  };
}

function checkOptions({
  answers = 'label',
  logits,
  noise = 0,
  refuseRate = 0,
  rateLimit,
}: ServeOptions): void {
  const check = checksOf('serveModel');
  check.number('noise', noise, '[0, 1]');
  check.number('refuseRate', refuseRate, '[0, 1]');
  if (rateLimit !== undefined) check.number('rateLimit', rateLimit, '(0, ∞)');
  check.oneOf('answers', answers, ['label', 'probabilities', 'top-k']);
  if (answers !== 'label' && !logits) check.fail('answers', answers, 'label, or with logits the others');
}
