/*
 * Matrix product in the manner of Goto and van de Geijn ("Anatomy of high-performance matrix multiplication",
 * 2008). All matrices are float32 and row-major; "stride" is the distance of two rows in bytes.
 *
 * The right matrix is packed into panels of 8 columns, so that the innermost loop reads it in one stream. That
 * loop keeps a tile of 6 × 8 results in 12 of the 16 vector registers, and uses the fused multiply-add of
 * WebAssembly's relaxed SIMD: twice the rate of the multiplication and addition that plain SIMD has.
 */

const TILE_ROWS: i32 = 6;
export const TILE_COLUMNS: i32 = 8;

/** Rows of the left matrix that are multiplied with one panel before the next: they stay in the second cache. */
const BLOCK_BYTES: i32 = 256 * 1024;

let tileAddress: usize = 0;

/** Says where unfinished tiles may lie: 192 bytes that are reserved for them before the first product. */
export function keepTilesAt(address: usize): void {
  tileAddress = address;
}

/** Bytes that `pack` needs for a matrix of depth × columns. */
export function packedBytes(depth: i32, columns: i32): i32 {
  return ((columns + TILE_COLUMNS - 1) / TILE_COLUMNS) * TILE_COLUMNS * depth * 4;
}

/** Packs [depth, columns] into panels of 8 columns, the last filled up with zeros. */
export function pack(to: usize, from: usize, stride: i32, depth: i32, columns: i32): void {
  for (; columns >= TILE_COLUMNS; columns -= TILE_COLUMNS) {
    let row = from;
    for (let k = 0; k < depth; k++) {
      v128.store(to, v128.load(row));
      v128.store(to, v128.load(row, 16), 16);
      to += 32;
      row += stride;
    }
    from += 32;
  }
  if (columns === 0) return;
  for (let k = 0; k < depth; k++) {
    for (let column = 0; column < TILE_COLUMNS; column++) {
      const value: f32 = column < columns ? f32.load(from + (column << 2)) : 0;
      f32.store(to + (column << 2), value);
    }
    to += 32;
    from += stride;
  }
}

/** Packs the transposed of [columns, depth]. */
export function packTransposed(to: usize, from: usize, stride: i32, depth: i32, columns: i32): void {
  for (let column = 0; column < columns; column += TILE_COLUMNS) {
    const count = min(TILE_COLUMNS, columns - column);
    if (count < TILE_COLUMNS) memory.fill(to, 0, depth << 5);
    transpose(to, 32, from, stride, count, depth);
    to += depth << 5;
    from += stride * TILE_COLUMNS;
  }
}

/** Writes the transposed of [rows, columns], in blocks of 4 × 4. */
export function transpose(
  to: usize,
  toStride: i32,
  from: usize,
  fromStride: i32,
  rows: i32,
  columns: i32,
): void {
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    let source = from + row * fromStride;
    let target = to + (row << 2);
    let column = 0;
    for (; column + 4 <= columns; column += 4) {
      const a = v128.load(source);
      const b = v128.load(source + fromStride);
      const c = v128.load(source + 2 * fromStride);
      const d = v128.load(source + 3 * fromStride);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(target + toStride, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
      v128.store(target + 2 * toStride, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5));
      v128.store(target + 3 * toStride, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7));
      source += 16;
      target += 4 * toStride;
    }
    transposeEdge(target, toStride, source, fromStride, 4, columns - column);
  }
  transposeEdge(to + (row << 2), toStride, from + row * fromStride, fromStride, rows - row, columns);
}

function transposeEdge(
  to: usize,
  toStride: i32,
  from: usize,
  fromStride: i32,
  rows: i32,
  columns: i32,
): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      f32.store(to + column * toStride + (row << 2), f32.load(from + row * fromStride + (column << 2)));
    }
  }
}

/**
 * result = start + left · right, then perhaps ReLU.
 *
 * `right` is packed. `start` is what the product is added to: a bias (with stride 0, each row the same), the
 * result itself, or 0 (and stride 0) for nothing.
 */
export function multiply(
  left: usize,
  leftStride: i32,
  right: usize,
  result: usize,
  resultStride: i32,
  start: usize,
  startStride: i32,
  rows: i32,
  columns: i32,
  depth: i32,
  relu: bool,
): void {
  const block = max(1, BLOCK_BYTES / (TILE_ROWS * 4 * max(1, depth))) * TILE_ROWS;
  for (let first = 0; first < rows; first += block) {
    const end = min(first + block, rows);
    let panel = right;
    for (let column = 0; column < columns; column += TILE_COLUMNS) {
      const at = column << 2;
      const width = min(TILE_COLUMNS, columns - column);
      for (let row = first; row < end; row += TILE_ROWS) {
        const height = min(TILE_ROWS, end - row);
        const to = result + row * resultStride + at;
        const from = left + row * leftStride;
        if (start === 0 && !relu && height === TILE_ROWS && width === TILE_COLUMNS) {
          tile(depth, from, leftStride, panel, to, resultStride, TILE_ROWS);
        } else {
          tile(depth, from, leftStride, panel, tileAddress, 32, height);
          let begin = start;
          if (start !== 0) begin += row * startStride + at;
          finish(to, resultStride, begin, startStride, height, width, relu);
        }
      }
      panel += depth << 5;
    }
  }
}

/**
 * One tile of 6 × 8. Rows beyond the last are computed from the last and mean nothing.
 *
 * Nothing but stores may follow the loop: with branches there, V8 keeps the sums in memory and not in registers,
 * at half the rate.
 */
function tile(depth: i32, a0: usize, leftStride: i32, b: usize, to: usize, toStride: i32, rows: i32): void {
  let a1 = a0 + leftStride * min(1, rows - 1);
  let a2 = a0 + leftStride * min(2, rows - 1);
  let a3 = a0 + leftStride * min(3, rows - 1);
  let a4 = a0 + leftStride * min(4, rows - 1);
  let a5 = a0 + leftStride * min(5, rows - 1);
  const zero = f32x4.splat(0);
  let c00 = zero,
    c01 = zero,
    c10 = zero,
    c11 = zero,
    c20 = zero,
    c21 = zero;
  let c30 = zero,
    c31 = zero,
    c40 = zero,
    c41 = zero,
    c50 = zero,
    c51 = zero;
  for (; depth > 0; depth--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let a = v128.load32_splat(a0);
    c00 = f32x4.relaxed_madd(a, b0, c00);
    c01 = f32x4.relaxed_madd(a, b1, c01);
    a = v128.load32_splat(a1);
    c10 = f32x4.relaxed_madd(a, b0, c10);
    c11 = f32x4.relaxed_madd(a, b1, c11);
    a = v128.load32_splat(a2);
    c20 = f32x4.relaxed_madd(a, b0, c20);
    c21 = f32x4.relaxed_madd(a, b1, c21);
    a = v128.load32_splat(a3);
    c30 = f32x4.relaxed_madd(a, b0, c30);
    c31 = f32x4.relaxed_madd(a, b1, c31);
    a = v128.load32_splat(a4);
    c40 = f32x4.relaxed_madd(a, b0, c40);
    c41 = f32x4.relaxed_madd(a, b1, c41);
    a = v128.load32_splat(a5);
    c50 = f32x4.relaxed_madd(a, b0, c50);
    c51 = f32x4.relaxed_madd(a, b1, c51);
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
    b += 32;
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  to += toStride;
  v128.store(to, c10);
  v128.store(to, c11, 16);
  to += toStride;
  v128.store(to, c20);
  v128.store(to, c21, 16);
  to += toStride;
  v128.store(to, c30);
  v128.store(to, c31, 16);
  to += toStride;
  v128.store(to, c40);
  v128.store(to, c41, 16);
  to += toStride;
  v128.store(to, c50);
  v128.store(to, c51, 16);
}

/** Takes a tile to where it belongs: `rows` of its 6 rows, `columns` of its 8 columns, plus `start`, then ReLU. */
function finish(
  to: usize,
  toStride: i32,
  start: usize,
  startStride: i32,
  rows: i32,
  columns: i32,
  relu: bool,
): void {
  const zero = f32x4.splat(0);
  const least: f32 = relu ? 0 : -Infinity;
  for (let from = tileAddress; rows > 0; rows--) {
    if (columns === TILE_COLUMNS) {
      let low = v128.load(from);
      let high = v128.load(from, 16);
      if (start !== 0) {
        low = f32x4.add(low, v128.load(start));
        high = f32x4.add(high, v128.load(start, 16));
      }
      v128.store(to, relu ? f32x4.pmax(low, zero) : low);
      v128.store(to, relu ? f32x4.pmax(high, zero) : high, 16);
    } else {
      for (let at = 0; at < columns << 2; at += 4) {
        const value = f32.load(from + at) + (start === 0 ? 0 : f32.load(start + at));
        f32.store(to + at, value < least ? 0 : value);
      }
    }
    from += 32;
    to += toStride;
    start += startStride;
  }
}
