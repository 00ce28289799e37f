import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { outFolder } from '../out-folder';

const rate = z.number().min(0).max(1);
const count = z.number().int().min(0);

const schema = z.strictObject({
  engine: z.strictObject({ name: z.string(), device: z.string() }),
  dataset: z.string(),
  models: z
    .array(
      z.strictObject({
        name: z.string(),
        testAccuracy: rate,
        queries: count,
        hits: count,
        attackSuccessRate: rate,
        theorem: z.strictObject({ threshold: rate, rejected: z.boolean() }),
        binomial: z.strictObject({ pValue: rate, rejected: z.boolean() }),
      }),
    )
    .min(1),
});

/** What a run found, for machines: `out/summary.json`. */
export interface Summary {
  engine: { name: string; device: string };
  dataset: string;
  models: {
    name: string;
    testAccuracy: number;
    queries: number;
    hits: number;
    attackSuccessRate: number;
    theorem: { threshold: number; rejected: boolean };
    binomial: { pValue: number; rejected: boolean };
  }[];
}

/** Writes `summary.json` to the {@link outFolder}, checked, and returns its path. */
export function writeSummary(summary: Summary): string {
  const path = join(outFolder(), 'summary.json');
  const checked = check('writeSummary', 'summary', summary);
  mkdirSync(outFolder(), { recursive: true });
  writeFileSync(`${path}.part`, `${JSON.stringify(checked, null, 2)}\n`);
  renameSync(`${path}.part`, path);
  return path;
}

/** What {@link writeSummary} wrote last, or null where nothing was. */
export function readSummary(): Summary | null {
  const path = join(outFolder(), 'summary.json');
  return existsSync(path) ? check('readSummary', path, JSON.parse(readFileSync(path, 'utf8'))) : null;
}

function check(caller: string, argument: string, value: unknown): Summary {
  const { error, data } = schema.safeParse(value);
  if (error) throw new Error(`${caller}: ${argument} is not a summary:\n${z.prettifyError(error)}`);
  return data;
}
