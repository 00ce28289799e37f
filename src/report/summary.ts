import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checked, writeWhole } from '../files';
import { outFolder } from '../paths';

const rate = z.number().min(0).max(1);
const count = z.int().min(0);

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
export type Summary = z.infer<typeof schema>;

const path = () => join(outFolder(), 'summary.json');

/** Writes `summary.json` to the {@link outFolder}, checked. */
export function writeSummary(summary: Summary): void {
  const content = checked('writeSummary', 'summary', schema, summary);
  mkdirSync(outFolder(), { recursive: true });
  writeWhole(path(), `${JSON.stringify(content, null, 2)}\n`);
}

/** What {@link writeSummary} wrote last, or null where nothing was. */
export function readSummary(): Summary | null {
  if (!existsSync(path())) return null;
  return checked('readSummary', path(), schema, JSON.parse(readFileSync(path(), 'utf8')));
}
