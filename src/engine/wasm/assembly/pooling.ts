/* Gradients of pooling over windows of an NHWC image, four channels at a time. */
// biome-ignore lint/style/useImportType: AssemblyScript has no type imports
import { Geometry } from './convolution';

/**
 * Gives each output pixel's gradient back to its window: for the maximum (`average` 0) to the largest value of
 * `x`, the first of several; for the average in equal shares to all pixels that lie in the image.
 */
export function poolGradient(x: usize, dy: usize, dx: usize, average: bool, g: Geometry): void {
  const bytes = g.channels << 2;
  const image = g.height * g.width * bytes;
  memory.fill(dx, 0, g.batch * image);
  for (let sample = 0; sample < g.batch; sample++) {
    for (let row = 0; row < g.outHeight; row++) {
      const top = row * g.strideHeight - g.padTop;
      const bottom = min(top + g.filterHeight, g.height);
      for (let column = 0; column < g.outWidth; column++) {
        const left = column * g.strideWidth - g.padLeft;
        const right = min(left + g.filterWidth, g.width);
        window(x, dy, dx, average, max(0, top), bottom, max(0, left), right, g);
        dy += bytes;
      }
    }
    x += image;
    dx += image;
  }
}

function window(
  x: usize,
  dy: usize,
  dx: usize,
  average: bool,
  top: i32,
  bottom: i32,
  left: i32,
  right: i32,
  g: Geometry,
): void {
  const bytes = g.channels << 2;
  const width = g.width; // a local variable stays in a register; a field is read again after every store
  const share: f32 = average ? 1 / (((bottom - top) * (right - left)) as f32) : 1;
  let at = 0;
  for (; at + 16 <= bytes; at += 16) {
    let largest = f32x4.splat(-Infinity);
    let place = i32x4.splat(-1);
    for (let row = top; row < bottom && !average; row++) {
      for (let column = left; column < right; column++) {
        const offset = (row * width + column) * bytes + at;
        const value = v128.load(x + offset);
        const larger = f32x4.gt(value, largest);
        largest = v128.bitselect(value, largest, larger);
        place = v128.bitselect(i32x4.splat(offset), place, larger);
      }
    }
    const gradient = f32x4.mul(v128.load(dy + at), f32x4.splat(share));
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const offset = (row * width + column) * bytes + at;
        const given = average ? gradient : v128.and(gradient, i32x4.eq(place, i32x4.splat(offset)));
        v128.store(dx + offset, f32x4.add(v128.load(dx + offset), given));
      }
    }
  }
  for (; at < bytes; at += 4) {
    let largest: f32 = -Infinity;
    let place = -1;
    for (let row = top; row < bottom && !average; row++) {
      for (let column = left; column < right; column++) {
        const offset = (row * width + column) * bytes + at;
        const value = f32.load(x + offset);
        if (value > largest) {
          largest = value;
          place = offset;
        }
      }
    }
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const offset = (row * width + column) * bytes + at;
        if (average || place === offset) {
          f32.store(dx + offset, f32.load(dx + offset) + f32.load(dy + at) * share);
        }
      }
    }
  }
}
