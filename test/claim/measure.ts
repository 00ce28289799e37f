import type { PlanChoices } from '../../src/claim/key';
import { privateCommitments } from './attacks';
import { choices } from './fixtures';
import { attackTable, falseAccusations, honestClaims, LEVELS } from './simulations';

/*
 * Prints data/results/claims.csv: how often attacks were accepted by the rule of evidence version 1 and are by the
 * verifier, how often honest claims hold, and how often innocents are accused. Takes minutes:
 *
 *     npm run build && node dist/test/claim/measure.js > data/results/claims.csv
 */
async function main(): Promise<void> {
  const tell = (kind: string, what: string, tries: number, old: number | '', held: number) =>
    console.log([kind, `"${what}"`, tries, old, held].join(','));
  console.log('kind,what,tries,oldRule,holds');
  for (const { name, setting, old, now } of await attackTable(200)) {
    tell('attack', `${name}: ${setting}`, 200, old, now);
  }
  const thousand: { old: boolean; now: boolean }[] = [];
  for (let seed = 0; seed < 40; seed++) thousand.push(await privateCommitments(1000 + seed, 1000));
  const count = (rule: 'old' | 'now') => thousand.filter(each => each[rule]).length;
  tell('attack', 'private commitments: the best of 1,000 is shown', 40, count('old'), count('now'));
  for (const rate of [0.2, 0.4, 0.8]) {
    for (const noise of [0, 0.05, 0.1]) {
      const held = await honestClaims(200, rate, noise);
      tell('honest', `attack success rate ${rate}, noise ${noise}`, 200, '', held);
    }
  }
  const fourGroups = { groups: 4, queriesPerKey: 10, marks: { ...choices.marks, keys: 4 } };
  const variants: [string, Partial<PlanChoices>][] = [
    ['8 keys × 20 questions, one group', { groups: 1 }],
    ['4 keys × 10 questions, the best of 4 groups', fourGroups],
    ['8 keys × 20 questions, sequential', { groups: 1, test: 'keys-sequential' }],
  ];
  for (const [name, changes] of variants) {
    const held = await falseAccusations(10_000, changes);
    for (const [i, level] of LEVELS.entries()) {
      tell('innocent', `${name}, level ${level}`, 10_000, '', held[i]);
    }
  }
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
