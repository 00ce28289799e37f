/*
 * Convolutions as matrix products of image patches (Chellapilla et al., "High performance convolutional neural
 * networks for document processing", 2006), a block of pixels at a time so that the patches stay in the cache.
 * Images are NHWC, filters HWIO: a filter is a matrix of [patch, output channels] as it lies.
 */
import { add } from './elements';
import { multiply, pack, packedBytes, packTransposed, transpose } from './matrix';

/** What a convolution looks like; the caller writes these 32-bit integers in this order. */
@unmanaged
export class Geometry {
  batch: i32;
  height: i32;
  width: i32;
  channels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  filterHeight: i32;
  filterWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
}

/** Patches worked on at once: half of a usual second cache. */
const BLOCK_BYTES: i32 = 384 * 1024;
/** Pixels a block at least, since the filter gradient adds to the whole filter once a block. */
const BLOCK_PIXELS: i32 = 126;

function depthOf(g: Geometry): i32 {
  return g.filterHeight * g.filterWidth * g.channels;
}

function pixelsOf(g: Geometry): i32 {
  return g.batch * g.outHeight * g.outWidth;
}

function blockOf(g: Geometry): i32 {
  return min(max(BLOCK_PIXELS, (BLOCK_BYTES / (4 * depthOf(g)) / 6) * 6), pixelsOf(g));
}

/** True where every patch is one pixel and none is left out: the image is the matrix of its patches. */
function isPointwise(g: Geometry): bool {
  return (
    depthOf(g) === g.channels &&
    g.strideHeight === 1 &&
    g.strideWidth === 1 &&
    g.height === g.outHeight &&
    g.width === g.outWidth
  );
}

/** Bytes that each of the three passes needs to work in. */
export function convolutionBytes(g: Geometry): i32 {
  const depth = depthOf(g);
  const block = blockOf(g);
  const forward = packedBytes(depth, g.outChannels);
  const backward = packedBytes(g.outChannels, depth);
  const filter = packedBytes(block, depth) + 4 * g.outChannels * (block + depth);
  return 4 * block * depth + max(max(forward, backward), filter);
}

/** y = x ∗ filter (+ bias, unless 0), then perhaps ReLU. */
export function convolve(
  x: usize,
  filter: usize,
  bias: usize,
  y: usize,
  work: usize,
  relu: bool,
  g: Geometry,
): void {
  const depth = depthOf(g);
  const pixels = pixelsOf(g);
  const out = g.outChannels << 2;
  const packed = work;
  const matrix = work + packedBytes(depth, g.outChannels);
  pack(packed, filter, out, depth, g.outChannels);
  if (isPointwise(g)) {
    multiply(x, depth << 2, packed, y, out, bias, 0, pixels, g.outChannels, depth, relu);
    return;
  }
  const block = blockOf(g);
  for (let first = 0; first < pixels; first += block) {
    const count = min(block, pixels - first);
    patches(matrix, x, false, first, count, g);
    multiply(matrix, depth << 2, packed, y + first * out, out, bias, 0, count, g.outChannels, depth, relu);
  }
}

/** dx: the patches of every pixel's gradient, dy · filterᵀ, added where they were cut out. */
export function convolveInputGradient(dy: usize, filter: usize, dx: usize, work: usize, g: Geometry): void {
  const depth = depthOf(g);
  const pixels = pixelsOf(g);
  const out = g.outChannels << 2;
  const packed = work;
  const matrix = work + packedBytes(g.outChannels, depth);
  packTransposed(packed, filter, out, g.outChannels, depth);
  if (isPointwise(g)) {
    multiply(dy, out, packed, dx, depth << 2, 0, 0, pixels, depth, g.outChannels, false);
    return;
  }
  memory.fill(dx, 0, (g.batch * g.height * g.width * g.channels) << 2);
  const block = blockOf(g);
  for (let first = 0; first < pixels; first += block) {
    const count = min(block, pixels - first);
    multiply(dy + first * out, out, packed, matrix, depth << 2, 0, 0, count, depth, g.outChannels, false);
    patches(matrix, dx, true, first, count, g);
  }
}

/** dfilter = patchesᵀ · dy, computed as the transposed of dyᵀ · patches, whose packing is the cheaper one. */
export function convolveFilterGradient(x: usize, dy: usize, dfilter: usize, work: usize, g: Geometry): void {
  const depth = depthOf(g);
  const pixels = pixelsOf(g);
  const block = blockOf(g);
  const out = g.outChannels << 2;
  const matrix = work;
  const packed = matrix + 4 * block * depth;
  const gradient = packed + packedBytes(block, depth);
  const sum = gradient + out * block;
  memory.fill(sum, 0, out * depth);
  for (let first = 0; first < pixels; first += block) {
    const count = min(block, pixels - first);
    patches(matrix, x, false, first, count, g);
    pack(packed, matrix, depth << 2, count, depth);
    transpose(gradient, count << 2, dy + first * out, out, count, g.outChannels);
    multiply(
      gradient,
      count << 2,
      packed,
      sum,
      depth << 2,
      sum,
      depth << 2,
      g.outChannels,
      depth,
      count,
      false,
    );
  }
  transpose(dfilter, out, sum, depth << 2, g.outChannels, depth);
}

/**
 * Walks over `count` output pixels from `first` on, whose patches are the rows of `matrix`. Copies them from the
 * image there, with zeros where they leave it; or, `back`, adds them to where they came from.
 */
function patches(matrix: usize, x: usize, back: bool, first: i32, count: i32, g: Geometry): void {
  const pixel = g.channels << 2;
  const line = g.width * pixel;
  const taps = g.filterWidth;
  const height = g.height;
  const width = g.width;
  let column = first % g.outWidth;
  let row = (first / g.outWidth) % g.outHeight;
  x += (first / (g.outWidth * g.outHeight)) * height * line;
  for (; count > 0; count--) {
    const left = column * g.strideWidth - g.padLeft;
    const begin = min(max(0, -left), taps);
    const end = max(begin, min(taps, width - left));
    let y = row * g.strideHeight - g.padTop;
    for (let fy = g.filterHeight; fy > 0; fy--) {
      const inside = y >= 0 && y < height;
      const at = x + y * line + (left + begin) * pixel;
      if (back) {
        if (inside) add(at, matrix + begin * pixel, (end - begin) * pixel);
      } else if (inside) {
        zeros(matrix, begin * pixel);
        copy(matrix + begin * pixel, at, (end - begin) * pixel);
        zeros(matrix + end * pixel, (taps - end) * pixel);
      } else {
        zeros(matrix, taps * pixel);
      }
      matrix += taps * pixel;
      y++;
    }
    if (++column === g.outWidth) {
      column = 0;
      if (++row === g.outHeight) {
        row = 0;
        x += height * line;
      }
    }
  }
}

/* Both take a number of bytes, a multiple of 4. */

function copy(to: usize, from: usize, bytes: i32): void {
  let at = 0;
  for (; at + 16 <= bytes; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < bytes; at += 4) f32.store(to + at, f32.load(from + at));
}

function zeros(to: usize, bytes: i32): void {
  for (let at = 0; at < bytes; at += 4) f32.store(to + at, 0);
}
