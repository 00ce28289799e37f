import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checksOf } from '../../check';
import { useEngine } from '../../engine/node';
import { canonicalJson, sha256 } from '../../files';
import { outFolder } from '../../paths';
import type { Model } from '../model';
import { loadModel, saveModel } from './model-file';

/**
 * The model that was kept under this name with these settings, or else the one that `make` returns, then kept.
 *
 * For notebooks that use the model of another one and still run alone. Kept in `models/` of the
 * {@link outFolder}, apart for every engine since engines differ in the last digits; delete the folder to
 * train anew.
 *
 * @param settings all that the model depends on, as plain JSON
 */
export async function reuseModel(name: string, settings: object, make: () => Promise<Model>): Promise<Model> {
  const folder = await keptIn('reuseModel', name, settings);
  if (existsSync(join(folder, 'model.json'))) return loadModel(folder);
  const model = await make();
  await saveModel(model, folder);
  return model;
}

/** Keeps `model` for {@link reuseModel}, in place of one that was kept there before. */
export async function keepModel(name: string, settings: object, model: Model): Promise<void> {
  await saveModel(model, await keptIn('keepModel', name, settings));
}

async function keptIn(caller: string, name: string, settings: object): Promise<string> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    checksOf(caller).fail('name', name, 'lower-case letters, digits and "-"');
  }
  const engine = await useEngine();
  return join(outFolder(), 'models', engine.name, `${name}-${sha256(canonicalJson(settings)).slice(0, 12)}`);
}
