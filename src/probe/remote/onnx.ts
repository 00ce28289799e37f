import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { checksOf } from '../../check';
import { takeSamples } from '../../data/take';
import { sha256 } from '../../files';
import type { BlackBox, Samples } from '../../types';
import { AnswerError, AnswerReader } from './answer-reader';
import type { TensorOptions } from './protocols';
import { type Preprocess, TensorWriter } from './tensor-writer';

/** ONNX's name of each data type, and the numbers as ONNX Runtime wants them. */
const TYPES = {
  FP32: ['float32', (numbers: Float64Array) => Float32Array.from(numbers)],
  FP64: ['float64', (numbers: Float64Array) => numbers],
  UINT8: ['uint8', (numbers: Float64Array) => Uint8Array.from(numbers)],
  INT32: ['int32', (numbers: Float64Array) => Int32Array.from(numbers)],
  INT64: ['int64', (numbers: Float64Array) => BigInt64Array.from(Array.from(numbers, BigInt))],
} as const satisfies Record<NonNullable<Preprocess['datatype']>, unknown>;

/** Samples at once, where the model does not fix their number. */
const BATCH = 64;

/**
 * A model in a file, in the ONNX format that PyTorch, scikit-learn and others export, run in this process by ONNX
 * Runtime's WebAssembly build.
 *
 * Nothing leaves the machine. The file may come from a stranger: the runtime reads it inside WebAssembly's memory.
 *
 * @throws Error when the file can't be read or doesn't fit the options
 */
export async function onnxModel(file: string, options: TensorOptions): Promise<BlackBox> {
  const { classes, preprocess, answers, classNames } = options;
  const reader = new AnswerReader('onnxModel', options);
  const runtime = await import('onnxruntime-web');
  runtime.env.wasm.numThreads = 1; // threads would keep the process from ending
  const bytes = await readFile(file);
  const session = await runtime.InferenceSession.create(bytes).catch((error: Error) => {
    throw new Error(`onnxModel: ${file}: ${error.message}`);
  });
  const input = tensorName('input', session.inputNames, options.input);
  const output = tensorName('output', session.outputNames, options.output);
  const batch = fixedBatch(session, input);
  return {
    classes,
    name: basename(file),
    settings: { sha256: sha256(bytes), preprocess, answers, classNames, input, output },
    predict: async samples => {
      const writer = new TensorWriter(samples.shape, preprocess);
      const [type, convert] = TYPES[writer.datatype];
      const answers: unknown[] = [];
      const step = batch ?? BATCH;
      for (let start = 0; start < samples.count; start += step) {
        const part = rows(samples, start, step, batch !== undefined);
        const tensor = new runtime.Tensor(type, convert(writer.numbers(part)), [part.count, ...writer.shape]);
        const answer = (await session.run({ [input]: tensor }, [output]))[output];
        answers.push(...answerRows(answer, part.count));
      }
      return reader.labels(answers, samples.count);
    },
  };
}

function rows(samples: Samples, start: number, step: number, fixed: boolean): Samples {
  const count = Math.min(step, samples.count - start);
  if (fixed && count < step) {
    checksOf('onnxModel').fail(
      'number of samples',
      samples.count,
      `a multiple of the model's batch of ${step}`,
    );
  }
  return takeSamples(
    samples,
    Array.from({ length: count }, (_, i) => start + i),
  );
}

/** The number of samples that the model takes at once, where it takes no other. */
function fixedBatch(session: InferenceSession, input: string): number | undefined {
  const metadata = session.inputMetadata.find(({ name }) => name === input);
  const extent = metadata?.isTensor ? metadata.shape[0] : undefined;
  return typeof extent === 'number' && extent > 0 ? extent : undefined;
}

function tensorName(kind: 'input' | 'output', names: readonly string[], wanted: string | undefined): string {
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (name !== undefined && names.includes(name)) return name;
  return checksOf('onnxModel').fail(kind, wanted, `one of ${names.join(', ')}`);
}

function answerRows({ data, dims, type }: Tensor, count: number): unknown[] {
  // on Node 20 these are the bit patterns of the numbers
  if (type === 'float16') throw new AnswerError(() => 'the output is of type float16, which is not read');
  if (dims[0] !== count)
    throw new AnswerError(() => `the output has shape [${dims}], expected ${count} rows`);
  const width = data.length / count;
  const numbers = Array.from(data as ArrayLike<unknown>, value =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  return Array.from({ length: count }, (_, i) => numbers.slice(i * width, (i + 1) * width));
}
