import { z } from 'zod';
import '../../engine/node';
import { type Model, type ModelDescription, modelFrom } from '../model';
import { readArrays, writeArrays } from './array-file';

const description = z.strictObject({
  name: z.string(),
  shape: z.array(z.int().min(1)),
  classes: z.int().min(2),
  width: z.int().optional(),
  topology: z.record(z.string(), z.unknown()).optional(),
}) satisfies z.ZodType<ModelDescription>;

/** Saves a model as `model.json` and one binary file in `folder`, replacing one that is there as a whole. */
export async function saveModel(model: Model, folder: string): Promise<void> {
  writeArrays(folder, 'model', { description: model.description }, await model.getWeights());
}

/**
 * Loads what {@link saveModel} saved, exactly as it was.
 *
 * @throws if the files are missing, truncated, altered or of another format
 */
export async function loadModel(folder: string): Promise<Model> {
  const { record, arrays } = readArrays('loadModel', folder, 'model', { description });
  const model = await modelFrom(record.description);
  model.setWeights(arrays);
  return model;
}
