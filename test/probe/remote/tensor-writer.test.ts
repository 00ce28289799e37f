import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TensorWriter } from '../../../src/probe/remote/tensor-writer';
import type { Samples } from '../../../src/types';

/** Two images of 1 × 2 pixels and 3 channels. */
const images: Samples = {
  x: Uint8Array.from([0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6]),
  y: new Uint8Array(2),
  count: 2,
  shape: [1, 2, 3],
};

test('values are scaled, shifted and divided by channel, in either layout', () => {
  const preprocess = { scale: 1 / 255, mean: [0, 0.2, 0.4], std: [1, 0.5, 2] };
  const values = (byte: number, channel: number) =>
    Math.fround((byte / 255 - preprocess.mean[channel]) / preprocess.std[channel]);
  const nhwc = [...images.x].map((byte, i) => values(byte, i % 3));
  const near = (actual: Float64Array, expected: number[]) =>
    assert.ok(actual.length === expected.length && actual.every((v, i) => Math.abs(v - expected[i]) < 1e-6));
  near(new TensorWriter(images.shape, preprocess).numbers(images), nhwc);
  const order = [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11];
  const nchw = new TensorWriter(images.shape, { ...preprocess, layout: 'NCHW' });
  near(
    nchw.numbers(images),
    order.map(i => nhwc[i]),
  );
  assert.deepEqual(nchw.shape, [3, 1, 2]);
  // the text must be the very numbers: a service that reads it as float32 gets the same bits
  const text = JSON.stringify([...nchw.numbers(images)]);
  const exact = order.map(i => nhwc[i]);
  assert.deepEqual(Float32Array.from(JSON.parse(text)), Float32Array.from(exact));
});

test('doubles and integers stay what they are', () => {
  // through float32, x/255 moved to the other side of a threshold in 16 of 200 samples
  const doubles = new TensorWriter([6], { scale: 1 / 255, datatype: 'FP64' });
  const bytes = Uint8Array.from([0, 1, 2, 127, 254, 255]);
  const samples = { x: bytes, y: new Uint8Array(1), count: 1, shape: [6] };
  assert.deepEqual(
    [...doubles.numbers(samples)],
    Array.from(bytes, byte => byte * (1 / 255)),
  );
  const scaled = new TensorWriter([6], { scale: 65793, datatype: 'INT32' });
  assert.equal(scaled.numbers(samples)[5], 16777215);
});

test('lists are nested by the shape asked for', () => {
  const lists = (shape?: number[]) =>
    new TensorWriter(images.shape, { shape, datatype: 'UINT8' }).lists(images);
  assert.deepEqual(lists(), [
    [
      [
        [0, 51, 102],
        [153, 204, 255],
      ],
    ],
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
  ]);
  assert.deepEqual(lists([6]), [
    [0, 51, 102, 153, 204, 255],
    [1, 2, 3, 4, 5, 6],
  ]);
  assert.deepEqual(lists([3, 2])[1], [
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test('what does not fit is said', () => {
  const make = (shape: number[], preprocess: object) => () => new TensorWriter(shape, preprocess);
  assert.throws(
    make([4], { layout: 'NCHW' }),
    /preprocess: layout is 'NCHW', expected NHWC for samples of shape \[4\]/,
  );
  assert.throws(make([4], { shape: [5] }), /preprocess: shape is \[5\], expected 4 numbers/);
  assert.throws(make([1, 2, 3], { mean: [1, 2] }), /preprocess: mean is \[1,2\], expected one number or 3/);
  assert.throws(make([4], { std: 0 }), /preprocess: std is 0/);
  assert.throws(
    make([4], { scale: 1 / 255, datatype: 'UINT8' }),
    /a byte becomes 0\.0039.*integer fit for UINT8/,
  );
  assert.throws(make([4], { mean: 1, datatype: 'UINT8' }), /a byte becomes -1/);
});
