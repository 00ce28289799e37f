import { loadModel } from '../../train/node/model-file';
import { predictLogits } from '../../train/predict';
import { localModel } from '../local';
import { type ModelServer, type ServeOptions, serveModel } from './server';

/** Serves the model that `saveModel` wrote to a folder. */
export async function serveSaved(
  folder: string,
  options: Omit<ServeOptions, 'shape' | 'logits'>,
): Promise<ModelServer> {
  const model = await loadModel(folder);
  const logits: ServeOptions['logits'] = samples => predictLogits(model, samples);
  return serveModel(localModel(model), { ...options, shape: model.shape, logits });
}
