import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields, integerOf, onlyField, readAsn1, timeOf } from '../../src/claim/asn1';

const value = (hex: string) => readAsn1(Buffer.from(hex, 'hex'));
const time = (text: string) =>
  timeOf(readAsn1(Buffer.concat([Buffer.from([24, text.length]), Buffer.from(text)])));

// asn1js reads a time without a Z as the machine's own, with the weekday for the day.
test('a time is read only in UTC with seconds, and only if it exists', () => {
  assert.equal(time('20230823155924Z').toISOString(), '2023-08-23T15:59:24.000Z');
  assert.equal(time('20240229000000.25Z').toISOString(), '2024-02-29T00:00:00.250Z');
  assert.equal(time('20230823155924.123999Z').toISOString(), '2023-08-23T15:59:24.123Z');
  const bad = [
    '20230823155924',
    '20230823155924+0100',
    '202308231559Z',
    '20230229000000Z',
    '20231301000000Z',
    '20230823155960Z',
    '20230823240000Z',
  ];
  for (const text of bad) assert.throws(() => time(text), /expected/, text);
});

// asn1js gives 0 for an INTEGER of more than four bytes.
test('integers are read whatever their size and sign', () => {
  const integers: [string, bigint][] = [
    ['020100', 0n],
    ['02017f', 127n],
    ['020180', -128n],
    ['02020080', 128n],
    ['0209010000000000000000', 2n ** 64n],
  ];
  for (const [hex, expected] of integers) assert.equal(integerOf(value(hex)), expected, hex);
});

test('an OCTET STRING in pieces and lengths left open are put together', () => {
  const pieces = value('308024800401aa0402bbcc000002010500 00'.replace(' ', ''));
  const fields = new Fields(pieces);
  assert.equal(Buffer.from(fields.take('OCTET STRING').content).toString('hex'), 'aabbcc');
  assert.equal(integerOf(fields.take('INTEGER')), 5n);
  fields.end();
});

test('what follows the value, a field too many and another tag are refused', () => {
  assert.throws(() => value('02010100'), /nothing after it/);
  assert.throws(() => value('0202'), /expected one ASN.1 value/);
  assert.throws(() => new Fields(value('020101')), /expected SEQUENCE, found INTEGER/);
  assert.throws(
    () => onlyField(value('3006020101020102'), 'SEQUENCE', 'INTEGER'),
    /expected no field after 1/,
  );
  assert.throws(() => new Fields(value('3000')).take('[0]'), /expected \[0\], found nothing more/);
});
