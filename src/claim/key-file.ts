import { existsSync } from 'node:fs';
import { z } from 'zod';
import { parseJson, readLimited, writeWhole } from '../files';
import { OwnerKey } from './key';
import { hex256, planSchema } from './key-plan';

const format = 'mib-key';
const version = 1;
const schema = z.strictObject({
  format: z.literal(format),
  version: z.literal(version),
  secret: hex256,
  commitment: hex256,
  plan: planSchema,
});

/**
 * Writes the key, secret included, to a new file that only its owner can read (mode 0600): all of it or nothing.
 *
 * @throws if the file exists: a secret that is overwritten is lost, and the claim with it
 */
export function writeKey(path: string, key: OwnerKey): void {
  if (existsSync(path)) throw new Error(`writeKey: ${path} exists, expected a new file`);
  const record = { format, version, secret: key.reveal(), ...key.toJSON() };
  writeWhole(path, `${JSON.stringify(record, null, 2)}\n`, 0o600);
}

/**
 * Reads what {@link writeKey} wrote.
 *
 * @throws if the file is huge, malformed, of another version, or its parts do not belong together
 */
export function readKey(path: string): OwnerKey {
  const bytes = readLimited('readKey', path, 65536);
  const { secret, plan, commitment } = parseJson('readKey', bytes, { format, version, schema });
  const key = new OwnerKey(secret, plan);
  if (key.commitment !== commitment) {
    throw new Error('readKey: commitment does not belong to secret and plan, expected an unaltered key file');
  }
  return key;
}
