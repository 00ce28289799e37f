import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../src/paths';

export const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The blocks of code in this language, in order. */
export function codeOf(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(m => m[1]);
}
