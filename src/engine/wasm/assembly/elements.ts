/* Element by element: sums, the gradient of ReLU and the update of the weights. */

/** Adds `bytes` of float32 numbers at `from` to those at `to`. */
export function add(to: usize, from: usize, bytes: i32): void {
  let at = 0;
  for (; at + 16 <= bytes; at += 16) {
    v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
  }
  for (; at < bytes; at += 4) f32.store(to + at, f32.load(to + at) + f32.load(from + at));
}

/** dx = dy where y > 0, else 0. */
export function reluGradient(dy: usize, y: usize, dx: usize, count: i32): void {
  const zero = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    v128.store(dx, v128.and(v128.load(dy), f32x4.gt(v128.load(y), zero)));
    dx += 16;
    dy += 16;
    y += 16;
  }
  for (; count > 0; count--) {
    f32.store(dx, f32.load(y) > 0 ? f32.load(dy) : 0);
    dx += 4;
    dy += 4;
    y += 4;
  }
}

/** v' = momentum · v + (g + decay · w), w' = w − rate · v', read and written once. */
export function sgdUpdate(
  weight: usize,
  velocity: usize,
  gradient: usize,
  newWeight: usize,
  newVelocity: usize,
  count: i32,
  rate: f32,
  momentum: f32,
  decay: f32,
): void {
  const rates = f32x4.splat(-rate);
  const momenta = f32x4.splat(momentum);
  const decays = f32x4.splat(decay);
  let at = 0;
  for (; count >= 4; count -= 4) {
    const w = v128.load(weight + at);
    const decayed = f32x4.relaxed_madd(decays, w, v128.load(gradient + at));
    const v = f32x4.relaxed_madd(momenta, v128.load(velocity + at), decayed);
    v128.store(newVelocity + at, v);
    v128.store(newWeight + at, f32x4.relaxed_madd(rates, v, w));
    at += 16;
  }
  for (; count > 0; count--) {
    const w = f32.load(weight + at);
    const v = momentum * f32.load(velocity + at) + (f32.load(gradient + at) + decay * w);
    f32.store(newVelocity + at, v);
    f32.store(newWeight + at, w - rate * v);
    at += 4;
  }
}
