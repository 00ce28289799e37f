/*
 * Convolutions as matrix products of image patches (Chellapilla et al., "High performance convolutional neural
 * networks for document processing", 2006), a block of pixels at a time so that the patches stay in the cache.
 * Images are NHWC, filters HWIO: a filter is a matrix of [patch, output channels] as it lies.
 */
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

function depthOf(g: Geometry): i32 {
  return g.filterHeight * g.filterWidth * g.channels;
}

function pixelsOf(g: Geometry): i32 {
  return g.batch * g.outHeight * g.outWidth;
}

function blockOf(g: Geometry): i32 {
  return min(max(48, (BLOCK_BYTES / (4 * depthOf(g)) / 6) * 6), pixelsOf(g));
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
  const patches = work + packedBytes(depth, g.outChannels);
  pack(packed, filter, out, depth, g.outChannels);
  if (isPointwise(g)) {
    multiply(x, depth << 2, packed, y, out, bias, 0, pixels, g.outChannels, depth, relu);
    return;
  }
  const block = blockOf(g);
  for (let first = 0; first < pixels; first += block) {
    const count = min(block, pixels - first);
    gather(patches, x, first, count, g);
    multiply(patches, depth << 2, packed, y + first * out, out, bias, 0, count, g.outChannels, depth, relu);
  }
}

/** dx: the patches of every pixel's gradient, dy · filterᵀ, added where they were cut out. */
export function convolveInputGradient(dy: usize, filter: usize, dx: usize, work: usize, g: Geometry): void {
  const depth = depthOf(g);
  const pixels = pixelsOf(g);
  const out = g.outChannels << 2;
  const packed = work;
  const patches = work + packedBytes(g.outChannels, depth);
  packTransposed(packed, filter, out, g.outChannels, depth);
  if (isPointwise(g)) {
    multiply(dy, out, packed, dx, depth << 2, 0, 0, pixels, depth, g.outChannels, false);
    return;
  }
  memory.fill(dx, 0, (g.batch * g.height * g.width * g.channels) << 2);
  const block = blockOf(g);
  for (let first = 0; first < pixels; first += block) {
    const count = min(block, pixels - first);
    multiply(dy + first * out, out, packed, patches, depth << 2, 0, 0, count, depth, g.outChannels, false);
    scatter(dx, patches, first, count, g);
  }
}

/** dfilter = patchesᵀ · dy, computed as the transposed of dyᵀ · patches, whose packing is the cheaper one. */
export function convolveFilterGradient(x: usize, dy: usize, dfilter: usize, work: usize, g: Geometry): void {
  const depth = depthOf(g);
  const pixels = pixelsOf(g);
  const block = blockOf(g);
  const out = g.outChannels << 2;
  const patches = work;
  const packed = patches + 4 * block * depth;
  const gradient = packed + packedBytes(block, depth);
  const sum = gradient + out * block;
  memory.fill(sum, 0, out * depth);
  for (let first = 0; first < pixels; first += block) {
    const count = min(block, pixels - first);
    gather(patches, x, first, count, g);
    pack(packed, patches, depth << 2, count, depth);
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

/** Copies the patches of `count` output pixels from `first` on, one a row, zeros where they leave the image. */
function gather(to: usize, x: usize, first: i32, count: i32, g: Geometry): void {
  for (let pixel = first; pixel < first + count; pixel++) {
    const left = (pixel % g.outWidth) * g.strideWidth - g.padLeft;
    const line = pixel / g.outWidth;
    const top = (line % g.outHeight) * g.strideHeight - g.padTop;
    const image = (line / g.outHeight) * g.height;
    const begin = max(0, -left);
    const end = min(g.filterWidth, g.width - left);
    for (let fy = 0; fy < g.filterHeight; fy++) {
      const row = top + fy;
      if (row < 0 || row >= g.height || begin >= end) {
        to = zeros(to, g.filterWidth * g.channels);
        continue;
      }
      to = zeros(to, begin * g.channels);
      const from = x + ((((image + row) * g.width + left + begin) * g.channels) << 2);
      to = copy(to, from, (end - begin) * g.channels);
      to = zeros(to, (g.filterWidth - end) * g.channels);
    }
  }
}

/** The reverse of `gather`: adds the patches to where they came from. */
function scatter(dx: usize, from: usize, first: i32, count: i32, g: Geometry): void {
  for (let pixel = first; pixel < first + count; pixel++) {
    const left = (pixel % g.outWidth) * g.strideWidth - g.padLeft;
    const line = pixel / g.outWidth;
    const top = (line % g.outHeight) * g.strideHeight - g.padTop;
    const image = (line / g.outHeight) * g.height;
    const begin = max(0, -left);
    const end = min(g.filterWidth, g.width - left);
    for (let fy = 0; fy < g.filterHeight; fy++) {
      const row = top + fy;
      if (row >= 0 && row < g.height && begin < end) {
        const to = dx + ((((image + row) * g.width + left + begin) * g.channels) << 2);
        add(to, from + ((begin * g.channels) << 2), (end - begin) * g.channels);
      }
      from += (g.filterWidth * g.channels) << 2;
    }
  }
}

function copy(to: usize, from: usize, count: i32): usize {
  for (; count >= 4; count -= 4) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
  for (; count > 0; count--) {
    f32.store(to, f32.load(from));
    to += 4;
    from += 4;
  }
  return to;
}

function zeros(to: usize, count: i32): usize {
  for (; count > 0; count--) {
    f32.store(to, 0);
    to += 4;
  }
  return to;
}

function add(to: usize, from: usize, count: i32): void {
  for (; count >= 4; count -= 4) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    to += 16;
    from += 16;
  }
  for (; count > 0; count--) {
    f32.store(to, f32.load(to) + f32.load(from));
    to += 4;
    from += 4;
  }
}
