import type { Model } from '../train/model';
import { predictLabels } from '../train/predict';
import type { BlackBox } from '../types';

/**
 * A model in this process, shown as a stranger would see it: it answers labels and nothing else.
 *
 * Nothing leaves the machine.
 */
export function localModel(model: Model): BlackBox {
  return { classes: model.classes, predict: samples => predictLabels(model, samples) };
}
