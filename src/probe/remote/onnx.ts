import { readFile } from 'node:fs/promises';
import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { takeSamples } from '../../data/take';
import type { BlackBox, Samples } from '../../types';
import { AnswerReader } from './answer-reader';
import type { TensorOptions } from './protocols';
import { type Preprocess, TensorWriter } from './tensor-writer';

/** ONNX's name of each data type, and the numbers as ONNX Runtime wants them. */
const TYPES = {
  FP32: ['float32', (numbers: Float32Array) => numbers],
  FP64: ['float64', (numbers: Float32Array) => Float64Array.from(numbers)],
  UINT8: ['uint8', (numbers: Float32Array) => Uint8Array.from(numbers)],
  INT32: ['int32', (numbers: Float32Array) => Int32Array.from(numbers)],
  INT64: ['int64', (numbers: Float32Array) => BigInt64Array.from(numbers as never, BigInt)],
} as const satisfies Record<NonNullable<Preprocess['datatype']>, unknown>;

/**
 * A model in a file, in the ONNX format that PyTorch, scikit-learn and others export, run in this process by ONNX
 * Runtime's WebAssembly build.
 *
 * Nothing leaves the machine. The file may come from a stranger: the runtime reads it inside WebAssembly's memory.
 *
 * @throws Error when the file can't be read or doesn't fit the options
 */
export async function onnxModel(file: string, options: TensorOptions): Promise<BlackBox> {
  const { classes, preprocess } = options;
  const reader = new AnswerReader('onnxModel', options);
  const runtime = await import('onnxruntime-web');
  runtime.env.wasm.numThreads = 1; // threads would keep the process from ending
  const session = await runtime.InferenceSession.create(await readFile(file)).catch((error: Error) => {
    throw new Error(`onnxModel: ${file}: ${error.message}`);
  });
  const input = tensorName('input', session.inputNames, options.input);
  const output = tensorName('output', session.outputNames, options.output);
  const batch = fixedBatch(session, input);
  return {
    classes,
    predict: async samples => {
      const writer = new TensorWriter(samples.shape, preprocess);
      const [type, convert] = TYPES[writer.datatype];
      const labels = new Int32Array(samples.count);
      const step = batch ?? samples.count;
      for (let start = 0; start < samples.count; start += step) {
        const part = rows(samples, start, step);
        const tensor = new runtime.Tensor(type, convert(writer.numbers(part)), [part.count, ...writer.shape]);
        const answer = (await session.run({ [input]: tensor }, [output]))[output];
        labels.set(reader.labels(answerRows(answer), part.count), start);
      }
      return labels;
    },
  };
}

function rows(samples: Samples, start: number, step: number): Samples {
  if (start + step > samples.count) {
    throw new Error(
      `onnxModel: ${samples.count} samples, expected a multiple of the model's batch of ${step}`,
    );
  }
  return takeSamples(
    samples,
    Array.from({ length: step }, (_, i) => start + i),
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
  throw new Error(`onnxModel: ${kind} is ${wanted}, expected one of ${names.join(', ')}`);
}

function answerRows({ data, dims }: Tensor): unknown[] {
  const width = data.length / dims[0];
  const numbers = Array.from(data as ArrayLike<unknown>, value =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  return Array.from({ length: dims[0] }, (_, i) => numbers.slice(i * width, (i + 1) * width));
}
