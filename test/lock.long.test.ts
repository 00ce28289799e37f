import { test } from 'node:test';
import { assertExclusive } from './lock-contender';

// a lock that renames or removes what it judged dead by its one name lets two in about once in a thousand tries
test('eight processes ask 80,000 times, and are never at work together', () => assertExclusive(10_000));
