import * as tf from '@tensorflow/tfjs';
import { kernelOr } from './ops';

export interface SgdSetting {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/**
 * One step of stochastic gradient descent for one variable, as `torch.optim.SGD` does it:
 *
 *     gradient += weightDecay · variable
 *     velocity  = momentum · velocity + gradient
 *     variable -= learningRate · velocity
 *
 * An engine may do it in one pass by a kernel `SgdUpdate` with inputs `{variable, velocity, gradient}` and
 * these settings as attributes, which returns `[variable, velocity]`: fresh tensors, because an engine may
 * have packed the old ones for its matrix product, and snapshots share their memory.
 */
export function sgdUpdate(
  variable: tf.Variable,
  velocity: tf.Variable,
  gradient: tf.Tensor,
  { learningRate, momentum, weightDecay }: SgdSetting,
): void {
  const [nextVariable, nextVelocity] = tf.tidy(() =>
    kernelOr('SgdUpdate', { variable, velocity, gradient }, { learningRate, momentum, weightDecay }, () => {
      const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variable, weightDecay));
      const next = momentum === 0 ? tf.clone(decayed) : tf.add(tf.mul(velocity, momentum), decayed);
      return [tf.sub(variable, tf.mul(next, learningRate)), next];
    }),
  );
  variable.assign(nextVariable);
  velocity.assign(nextVelocity);
  tf.dispose([nextVariable, nextVelocity]);
}
