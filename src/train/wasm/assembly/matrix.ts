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
      for (let row = first; row < end; row += TILE_ROWS) {
        tile(
          depth,
          left + row * leftStride,
          leftStride,
          panel,
          result + row * resultStride + at,
          resultStride,
          start === 0 ? 0 : start + row * startStride + at,
          startStride,
          min(TILE_ROWS, end - row),
          min(TILE_COLUMNS, columns - column),
          relu,
        );
      }
      panel += depth << 5;
    }
  }
}

/** One tile of at most 6 × 8. Rows beyond the last are computed from the last and thrown away. */
function tile(
  depth: i32,
  a0: usize,
  leftStride: i32,
  b: usize,
  result: usize,
  resultStride: i32,
  start: usize,
  startStride: i32,
  rows: i32,
  columns: i32,
  relu: bool,
): void {
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
  finish(result, start, c00, c01, columns, relu);
  if (rows === 1) return;
  finish(result + resultStride, start + startStride, c10, c11, columns, relu);
  if (rows === 2) return;
  finish(result + 2 * resultStride, start + 2 * startStride, c20, c21, columns, relu);
  if (rows === 3) return;
  finish(result + 3 * resultStride, start + 3 * startStride, c30, c31, columns, relu);
  if (rows === 4) return;
  finish(result + 4 * resultStride, start + 4 * startStride, c40, c41, columns, relu);
  if (rows === 5) return;
  finish(result + 5 * resultStride, start + 5 * startStride, c50, c51, columns, relu);
}

/** Ends one row of a tile: adds what it starts from, applies ReLU, writes `columns` of its 8 values. */
function finish(result: usize, start: usize, low: v128, high: v128, columns: i32, relu: bool): void {
  if (columns < TILE_COLUMNS) {
    finishEdge(result, start, low, high, columns, relu);
    return;
  }
  if (start !== 0) {
    low = f32x4.add(low, v128.load(start));
    high = f32x4.add(high, v128.load(start, 16));
  }
  if (relu) {
    const zero = f32x4.splat(0);
    low = f32x4.pmax(low, zero);
    high = f32x4.pmax(high, zero);
  }
  v128.store(result, low);
  v128.store(result, high, 16);
}

function finishEdge(result: usize, start: usize, low: v128, high: v128, columns: i32, relu: bool): void {
  for (let column = 0; column < columns; column++) {
    if (column === 4) low = high;
    let value = f32x4.extract_lane(low, 0);
    low = v128.shuffle<f32>(low, low, 1, 2, 3, 0);
    if (start !== 0) value += f32.load(start + (column << 2));
    f32.store(result + (column << 2), relu && value < 0 ? 0 : value);
  }
}
