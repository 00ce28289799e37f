import { test } from 'node:test';
import { verifyMutations } from './time-stamp-mutations';

test('10,000 mutated time stamps: refused, or what nobody signed was changed', context => {
  const { accepted, slowest } = verifyMutations(10_000, 2);
  context.diagnostic(`${accepted} accepted with the same meaning; the slowest took ${slowest.toFixed(0)} ms`);
});
