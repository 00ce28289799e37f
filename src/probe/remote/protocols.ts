import { sha256 } from '../../files';
import { rowSize, type Samples } from '../../types';
import { AnswerError, type AnswerOptions, AnswerReader } from './answer-reader';
import { type Preprocess, TensorWriter } from './tensor-writer';

/** A complete answer of a service. */
export interface Reply {
  /** 200 or 201; 451 where the service declined to answer. */
  readonly status: number;
  readonly body: Buffer;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** @throws Error when the body is not JSON, e.g. an error page */
  json(): unknown;
}

/** One request about a batch of samples, and how to read the labels from its answer. */
export interface Exchange {
  /** Appended to the path of the model's address. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /**
   * One label a sample, in order; `'refused'` where the service declined to answer. Anything else is an error,
   * −1 too: it is what `indexOf` says of an unknown name.
   *
   * @throws Error when the answer is not valid
   */
  labels(reply: Reply): ArrayLike<number | 'refused'>;
}

/** How to speak with a service: builds the request about a batch; `signal` ends what it waits for. */
export type Protocol = (samples: Samples, signal?: AbortSignal) => Exchange | Promise<Exchange>;

/** Asks the service about itself. */
export type Get = (path: string, signal?: AbortSignal) => Promise<unknown>;

/** What the two standard protocols have to be told. */
export interface TensorOptions extends AnswerOptions {
  readonly preprocess: Preprocess;
  /** Name of the input tensor. Default: with `openinference` what the service's metadata say; else unnamed. */
  readonly input?: string;
  /** Name of the output tensor to read. Default: the only one. */
  readonly output?: string;
  /** `tfserving`: send `inputs` (column format) and not `instances` (row format). */
  readonly columns?: boolean;
}

/** Reply to another request; safe to resend. */
export class StrayReply extends AnswerError {}

/** Deeper nests of lists are left as they are, and are no numbers. */
const DEEPEST = 16;

/**
 * Open Inference Protocol, version 2, over HTTP (KServe, Triton, MLServer), in JSON; the address is
 * `…/v2/models/NAME` with or without `/versions/VERSION`.
 *
 * Reveals to the service: the stamped samples, after preprocessing, and a hash of each batch as its id. An
 * answer that carries the id of another batch is not taken for ours; an id of the service's own is ignored.
 */
export function openInference(options: TensorOptions, get: Get): Protocol {
  const reader = new AnswerReader('httpModel', options);
  const ids = new Set<unknown>();
  let input = options.input;
  return async (samples, signal) => {
    input ??= onlyInput(await get('', signal));
    const writer = new TensorWriter(samples.shape, options.preprocess);
    const id = sha256(samples.x);
    ids.add(id);
    const shape = [samples.count, ...writer.shape];
    const data = [...writer.numbers(samples)];
    const request = {
      id,
      ...(options.output ? { outputs: [requestedOutput(options)] } : {}),
      inputs: [{ name: input, shape, datatype: writer.datatype, data }],
    };
    return {
      path: '/infer',
      body: JSON.stringify(request),
      labels: reply => {
        const answer = record(reply.json(), 'answer');
        if (answer.id !== id && ids.has(answer.id)) {
          throw new StrayReply(quote => `answer has id ${quote(answer.id)}, expected '${id}'`);
        }
        const output = record(pick(listIn(answer, 'outputs'), options.output), 'output tensor');
        return reader.labels(outputRows(output, samples.count), samples.count);
      },
    };
  };
}

/** The values of an output tensor, a list for each of `count` samples. */
function outputRows(output: Record<string, unknown>, count: number): unknown[] {
  const data = listIn(output, 'data').flat(DEEPEST);
  const shape = listIn(output, 'shape') as number[];
  const possible = shape.every(extent => Number.isInteger(extent) && extent >= 0);
  if (!possible || shape[0] !== count || rowSize(shape) !== data.length) {
    throw new AnswerError(
      quote => `output has shape ${quote(shape)} and ${data.length} values, expected ${count} rows`,
    );
  }
  const width = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * width, (i + 1) * width));
}

/**
 * TensorFlow Serving's REST API, version 1, `:predict`; the address is `…/v1/models/NAME` with or without
 * `/versions/VERSION`.
 *
 * Reveals to the service: the stamped samples, after preprocessing. Its answers carry no id.
 */
export function tfServing(options: TensorOptions): Protocol {
  const { input, output, columns = false } = options;
  const reader = new AnswerReader('httpModel', options);
  const field = columns ? 'outputs' : 'predictions';
  return samples => {
    const rows = new TensorWriter(samples.shape, options.preprocess).lists(samples);
    const named = (value: unknown) => (input === undefined ? value : { [input]: value });
    return {
      path: ':predict',
      body: JSON.stringify(columns ? { inputs: named(rows) } : { instances: rows.map(named) }),
      labels: reply => {
        let answer = record(reply.json(), 'answer');
        if (columns && isObject(answer[field])) answer = { [field]: member(answer[field], output) };
        const values = listIn(answer, field).map(row => (isObject(row) ? member(row, output) : row));
        return reader.labels(values, samples.count);
      },
    };
  };
}

function onlyInput(metadata: unknown): string {
  const inputs = listIn(record(metadata, 'metadata'), 'inputs');
  const name = inputs.length === 1 && isObject(inputs[0]) ? inputs[0].name : undefined;
  if (typeof name === 'string') return name;
  throw new AnswerError(
    () => `the model's metadata name ${inputs.length} inputs, expected one; say which by \`input\``,
  );
}

function requestedOutput({ output, answers }: TensorOptions): object {
  // Triton's classification extension; a server without it answers whatever the tensor holds
  return answers === 'top-k' ? { name: output, parameters: { classification: 1 } } : { name: output };
}

function pick(outputs: readonly unknown[], wanted: string | undefined): unknown {
  const names = outputs.map(output => (isObject(output) ? output.name : undefined));
  const found = outputs.filter((_, i) => wanted === undefined || names[i] === wanted);
  if (found.length === 1) return found[0];
  const called = wanted === undefined ? '' : ` called ${wanted}`;
  throw new AnswerError(
    quote =>
      `${found.length} output tensors${called} among ${quote(names)}, expected 1; say which by \`output\``,
  );
}

function member(value: unknown, name: string | undefined): unknown {
  const object = record(value, 'output');
  const keys = Object.keys(object);
  const key = name ?? (keys.length === 1 ? keys[0] : undefined);
  if (key !== undefined && Object.hasOwn(object, key)) return object[key];
  throw new AnswerError(quote => `outputs are ${quote(keys)}, expected ${name ?? 'one'}; see \`output\``);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new AnswerError(quote => `${what} is ${quote(value)}, expected an object`);
}

function listIn(object: Record<string, unknown>, name: string): readonly unknown[] {
  const value = object[name];
  if (Array.isArray(value)) return value;
  throw new AnswerError(quote => `${name} is ${quote(value)}, expected a list; the answer: ${quote(object)}`);
}
