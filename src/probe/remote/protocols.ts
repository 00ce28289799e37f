import { sha256 } from '../../files';
import type { Samples } from '../../types';
import { type AnswerOptions, AnswerReader, excerpt } from './answer-reader';
import { type Preprocess, product, TensorWriter } from './tensor-writer';

/** A complete answer with status 200. */
export interface Reply {
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
   * One label a sample, in order; `REFUSED` where the service won't answer.
   *
   * @throws Error when the answer is not valid
   */
  labels(reply: Reply): ArrayLike<number>;
}

/** How to speak with a service: builds the request about a batch. */
export type Protocol = (samples: Samples) => Exchange | Promise<Exchange>;

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

/** An answer to another request: the connection has lost its step, so the request may be sent again. */
export class StrayReply extends Error {}

/**
 * Open Inference Protocol, version 2, over HTTP (KServe, Triton, MLServer), in JSON; the address is
 * `…/v2/models/NAME` with or without `/versions/VERSION`.
 *
 * Reveals to the service: the stamped samples, after preprocessing, and a hash of each batch as its id. An
 * answer that carries another id is not taken for ours.
 */
export function openInference(options: TensorOptions, get: (path: string) => Promise<unknown>): Protocol {
  const reader = new AnswerReader('httpModel', options);
  const writerFor = writers(options.preprocess, false);
  let input = options.input;
  return async samples => {
    input ??= onlyInput(await get(''));
    const writer = writerFor(samples.shape);
    const id = sha256(samples.x);
    const tensor = { name: input, shape: [samples.count, ...writer.shape], datatype: writer.datatype };
    const outputs = options.output ? { outputs: [requestedOutput(options)] } : {};
    return {
      path: '/infer',
      body: withData({ id, ...outputs, inputs: [tensor] }, writer.json(samples)),
      labels: reply => {
        const answer = record(reply.json(), 'answer');
        if ((answer.id ?? id) !== id)
          throw new StrayReply(`answer has id ${excerpt(answer.id)}, expected "${id}"`);
        const output = record(pick(list(answer.outputs, 'outputs'), options.output), 'output tensor');
        const data = list(output.data, 'data').flat(Infinity);
        const shape = list(output.shape, 'shape') as number[];
        const negative = shape.some(extent => !(extent >= 0));
        if (negative || shape[0] !== samples.count || product(shape) !== data.length) {
          throw new Error(
            `output has shape ${excerpt(shape)} and ${data.length} values, expected ${samples.count} rows`,
          );
        }
        const width = data.length / samples.count;
        const rows = Array.from({ length: samples.count }, (_, i) => data.slice(i * width, (i + 1) * width));
        return reader.labels(rows, samples.count);
      },
    };
  };
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
  const writerFor = writers(options.preprocess, true);
  const field = columns ? 'outputs' : 'predictions';
  return samples => {
    const tensor = writerFor(samples.shape);
    const [start, end] = input ? [`{${JSON.stringify(input)}:`, '}'] : ['', ''];
    return {
      path: ':predict',
      body: columns
        ? joined(`{"inputs":${start}`, tensor.json(samples), `${end}}`)
        : joined('{"instances":', tensor.json(samples, input), '}'),
      labels: reply => {
        let rows: unknown = record(reply.json(), 'answer')[field];
        if (columns && !Array.isArray(rows)) rows = member(rows, output);
        const values = list(rows, field).map(row => (isObject(row) ? member(row, output) : row));
        return reader.labels(values, samples.count);
      },
    };
  };
}

/** The JSON of a request whose last member is `inputs`, with `data` put into the only one. */
function withData(request: object, data: Buffer): Buffer {
  const end = '}]}';
  return joined(`${JSON.stringify(request).slice(0, -end.length)},"data":`, data, end);
}

function joined(start: string, middle: Buffer, end: string): Buffer {
  return Buffer.concat([Buffer.from(start), middle, Buffer.from(end)]);
}

/** Makes the writer once for each shape of samples that comes along. */
function writers(preprocess: Preprocess, nested: boolean): (shape: readonly number[]) => TensorWriter {
  const known = new Map<string, TensorWriter>();
  return shape => {
    const writer = known.get(shape.join()) ?? new TensorWriter(shape, preprocess, nested);
    known.set(shape.join(), writer);
    return writer;
  };
}

function onlyInput(metadata: unknown): string {
  const inputs = list(record(metadata, 'metadata').inputs, 'inputs');
  const name = inputs.length === 1 && isObject(inputs[0]) ? inputs[0].name : undefined;
  if (typeof name === 'string') return name;
  throw new Error(`the model's metadata name ${inputs.length} inputs, expected one; say which by \`input\``);
}

function requestedOutput({ output, answers }: TensorOptions): object {
  // Triton's classification extension; a server without it answers whatever the tensor holds
  return answers === 'top-k' ? { name: output, parameters: { classification: 1 } } : { name: output };
}

function pick(outputs: readonly unknown[], name: string | undefined): unknown {
  const found =
    name === undefined ? outputs : outputs.filter(output => isObject(output) && output.name === name);
  if (found.length === 1) return found[0];
  throw new Error(`${found.length} output tensors${name ? ` called ${name}` : ''}, expected 1`);
}

function member(value: unknown, name: string | undefined): unknown {
  const object = record(value, 'output');
  const key = name ?? (Object.keys(object).length === 1 ? Object.keys(object)[0] : undefined);
  if (key !== undefined && Object.hasOwn(object, key)) return object[key];
  throw new Error(`outputs are ${excerpt(Object.keys(object))}, expected ${name ?? 'one'}; see \`output\``);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new Error(`${what} is ${excerpt(value)}, expected an object`);
}

function list(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${what} is ${excerpt(value)}, expected a list`);
}
