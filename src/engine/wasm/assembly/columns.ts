/*
 * Sums and batch normalization over the columns of a float32 matrix [rows, columns]: an image batch is one of
 * [batch · height · width, channels]. Partial sums of 256 rows keep rounding errors of long columns small.
 */
import { add } from './elements';

const BLOCK: i32 = 256;

/** sums[c] = Σ x[r, c]. `work` takes one row. */
export function columnSums(x: usize, sums: usize, work: usize, rows: i32, columns: i32): void {
  const bytes = columns << 2;
  memory.fill(sums, 0, bytes);
  for (let first = 0; first < rows; first += BLOCK) {
    memory.fill(work, 0, bytes);
    for (let row = min(BLOCK, rows - first); row > 0; row--) {
      add(work, x, bytes);
      x += bytes;
    }
    add(sums, work, bytes);
  }
}

/** sums[c] = Σ (a[r, c] − shiftA[c]) · (b[r, c] − shiftB[c]). `work` takes one row. */
export function columnProducts(
  a: usize,
  shiftA: usize,
  b: usize,
  shiftB: usize,
  sums: usize,
  work: usize,
  rows: i32,
  columns: i32,
): void {
  const bytes = columns << 2;
  memory.fill(sums, 0, bytes);
  for (let first = 0; first < rows; first += BLOCK) {
    memory.fill(work, 0, bytes);
    for (let row = min(BLOCK, rows - first); row > 0; row--) {
      let at = 0;
      for (; at + 16 <= bytes; at += 16) {
        const left = f32x4.sub(v128.load(a + at), v128.load(shiftA + at));
        const right = f32x4.sub(v128.load(b + at), v128.load(shiftB + at));
        v128.store(work + at, f32x4.relaxed_madd(left, right, v128.load(work + at)));
      }
      for (; at < bytes; at += 4) {
        const left = f32.load(a + at) - f32.load(shiftA + at);
        const right = f32.load(b + at) - f32.load(shiftB + at);
        f32.store(work + at, f32.load(work + at) + left * right);
      }
      a += bytes;
      b += bytes;
    }
    add(sums, work, bytes);
  }
}

/** y[r, c] = p[c] · a[r, c] + q[c] · b[r, c] + s[c]; without the middle term where b is 0. */
export function columnAffine(
  y: usize,
  a: usize,
  p: usize,
  b: usize,
  q: usize,
  s: usize,
  rows: i32,
  columns: i32,
): void {
  const bytes = columns << 2;
  for (; rows > 0; rows--) {
    let at = 0;
    for (; at + 16 <= bytes; at += 16) {
      let sum = v128.load(s + at);
      if (b !== 0) sum = f32x4.relaxed_madd(v128.load(b + at), v128.load(q + at), sum);
      v128.store(y + at, f32x4.relaxed_madd(v128.load(a + at), v128.load(p + at), sum));
    }
    for (; at < bytes; at += 4) {
      let sum = f32.load(s + at);
      if (b !== 0) sum += f32.load(b + at) * f32.load(q + at);
      f32.store(y + at, sum + f32.load(a + at) * f32.load(p + at));
    }
    y += bytes;
    a += bytes;
    if (b !== 0) b += bytes;
  }
}
