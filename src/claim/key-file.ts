import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { parseJson, readLimited, syncFolder } from '../files';
import { OwnerKey } from './key';
import { hex256, planSchema } from './key-plan';

const format = 'mib-key';
const version = 2;
const LIMIT = 4 * 2 ** 20;
const schema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  commitment: hex256,
  plan: planSchema,
  /** One for each group. */
  secrets: z.array(hex256),
});

/**
 * Writes the key, secrets included, to a new file that only its owner can read (mode 0600). When it returns, the
 * file and its name are on the disk.
 *
 * @throws if anything has that name already: a secret that is overwritten is lost, and the claim with it
 */
export function writeKey(path: string, key: OwnerKey): void {
  const secrets = key.plan.groups.map((_, group) => key.reveal(group));
  const text = `${JSON.stringify({ format, version, ...key.toJSON(), secrets }, null, 2)}\n`;
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.unfinished`;
  const file = openSync(unfinished, 'wx', 0o600);
  try {
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(unfinished, path); // fails where something has the name, unlike a renaming
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`writeKey: ${path} exists, expected a new file`, { cause: error });
  } finally {
    rmSync(unfinished, { force: true });
  }
  syncFolder(path);
}

/**
 * Reads what {@link writeKey} wrote; warns where others may read it.
 *
 * @throws if the file is huge, malformed, of another version, or its parts do not belong together
 */
export function readKey(path: string): OwnerKey {
  const bytes = readLimited('readKey', path, LIMIT);
  const { secrets, plan, commitment } = parseJson('readKey', bytes, { format, version, schema });
  const key = keyOf(secrets, plan);
  if (key?.commitment !== commitment)
    throw new Error(
      'readKey: secrets, plan and commitment do not belong together, expected an unaltered file',
    );
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
    process.emitWarning(`${path} holds secrets and others may read it: chmod 600`);
  return key;
}

function keyOf(...parts: ConstructorParameters<typeof OwnerKey>): OwnerKey | undefined {
  try {
    return new OwnerKey(...parts);
  } catch {
    return undefined;
  }
}
