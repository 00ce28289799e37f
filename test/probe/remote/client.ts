import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import type { TestContext } from 'node:test';
import { type HttpOptions, httpModel } from '../../../src/probe/remote/http';
import type { Samples } from '../../../src/types';
import { serve } from '../../fixtures';

/** Three samples whose first byte is their label. */
export const samples: Samples = {
  x: Uint8Array.from([2, 1, 5, 9, 0, 3, 255, 7, 1, 0, 0, 128]),
  y: new Uint8Array(3),
  count: 3,
  shape: [2, 2, 1],
};
export const quick = { classes: 3, retries: 2, retryDelayMs: 1, timeoutMs: 1000 } as const;
export const tensors = { preprocess: { datatype: 'UINT8' }, answers: 'label', input: 'input' } as const;

/** A server of our own for one test; returns the address. */
export async function listen(t: TestContext, handler: RequestListener): Promise<string> {
  return `${await serve(t, handler)}/v1/models/m`;
}

/** A TensorFlow-Serving client of the server above. */
export const client = (url: string, options: Partial<HttpOptions> = {}) =>
  httpModel({ url, protocol: 'tfserving', ...tensors, ...quick, ...options } as HttpOptions);

/** The error that `promise` fails with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  return assert.fail('expected an error');
}

export const ok = JSON.stringify({ predictions: [2, 0, 1] });
