import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Random } from '../../src/random';
import { verifyRoundMutations } from './beacon-mutations';

const folder = mkdtempSync(join(tmpdir(), 'mib-beacon-'));
after(() => rmSync(folder, { recursive: true }));

test('10,000 mutated rounds are refused', () =>
  verifyRoundMutations(10_000, new Random(2), join(folder, 'mutated.json')));
