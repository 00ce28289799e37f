import { join } from 'node:path';

/** The repository's folder, wherever the working folder is; this file runs from `dist/src/notebook`. */
export const ROOT = join(__dirname, '..', '..', '..');
