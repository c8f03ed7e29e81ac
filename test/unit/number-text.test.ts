/** One format of numbers for variables and flags. */
import { test } from 'tap';
import { parseNumber } from '../../src/number-text.ts';

test('plain decimals within the limits are numbers', async (t) => {
  t.equal(parseNumber('0', { min: 0, max: 1 }), 0);
  t.equal(parseNumber('1', { min: 0, max: 1 }), 1);
  t.equal(parseNumber('0.25', { above: 0 }), 0.25);
  t.equal(parseNumber('240', { above: 0, max: 240, isWhole: true }), 240);
});

test('anything else is answered with what the number must be', async (t) => {
  for (const text of ['', ' 1', '-1', '+1', '1e1', '.5', '5.', '0x1', '1_0', 'NaN', 'Infinity', '9'.repeat(400)])
    t.equal(parseNumber(text, { above: 0 }), 'must be a number above 0', text);
  t.equal(parseNumber('0', { above: 0, max: 240 }), 'must be a number above 0 and at most 240');
  t.equal(parseNumber('241', { above: 0, max: 240 }), 'must be a number above 0 and at most 240');
  t.equal(parseNumber('2', { min: 0, max: 1 }), 'must be a number from 0 to 1');
  t.equal(parseNumber('0.5', { min: 0, max: 1, isWhole: true }), 'must be a whole number');
});
