/**
 * Rows of a data set as the method sees them: pixels or bits, one byte each, and a class label a row.
 *
 * `x` holds `count` rows of `shape` in row-major order (images height × width × channels, values 0..255;
 * binary rows one axis, values 0 or 1). `y` holds `count` labels in `0..classes-1`. Bytes become float32
 * only a batch at a time, so 50,000 colour images take 150 MB and not 600.
 */
export interface Samples {
  readonly x: Uint8Array;
  readonly y: Uint8Array | Int32Array;
  readonly count: number;
  readonly shape: readonly number[];
}

/** Number of values in a row of `shape`. */
export function rowSize(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** A data set split in two, with the names of its classes and a sentence on where its bytes came from. */
export interface Dataset {
  readonly name: string;
  readonly classes: number;
  readonly classNames: readonly string[];
  readonly train: Samples;
  readonly test: Samples;
  /** Source, licence and how the bytes were verified; says so when a stand-in for the published file was used. */
  readonly provenance: string;
}

/** The answer that stands for "the model declined to answer"; never a hit. */
export const REFUSED = -1;

/**
 * A suspect model as its operator exposes it: samples in, one label a sample out.
 *
 * Labels only: the weakest access. No test of this library needs more.
 */
export interface BlackBox {
  /** Number of classes K; answers lie in `0..classes-1`, or are {@link REFUSED}. */
  readonly classes: number;
  /** What is asked, e.g. the address of a service; free of secrets. */
  readonly name?: string;
  /** What else shapes questions and labels, e.g. preprocessing and class names; plain JSON, free of secrets. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** @throws Error, with `unsent: true` where the samples certainly did not leave this machine */
  predict(samples: Samples, request?: BoxRequest): Promise<Int32Array>;
}

/** What a box that asks over a network needs to know; others ignore it. */
export interface BoxRequest {
  /** Called before the samples are sent again: counts what a service may charge, and may throw to forbid it. */
  readonly onRetry?: () => void;
  /** Ends waiting before a request at once; a request under way is completed. */
  readonly signal?: AbortSignal;
}

/** Where a long piece of work stands; whoever shows it computes rate and time left. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** What is being counted, e.g. `samples`, `bytes`, `queries`. */
  readonly unit: string;
  /** A short remark on the present state, e.g. `epoch 3/10 loss 0.412`. */
  readonly note?: string;
}
