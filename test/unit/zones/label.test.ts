/** Labels of any length and in any language become short ones. */
import fc from 'fast-check';
import { test } from 'tap';
import { cutLabel } from '../../../src/zones/label.ts';

test('usual labels stay, long ones are cut between characters', async (t) => {
  for (const label of ['', 'car', 'traffic light', 'x'.repeat(32), '"quoted"', 'Lkw', 'машина'])
    t.equal(cutLabel(label), label);
  t.equal(cutLabel('x'.repeat(1000)), 'x'.repeat(32));
  t.equal(cutLabel('ü'.repeat(20)), 'ü'.repeat(16));
  t.equal(cutLabel('🚗'.repeat(20)), '🚗'.repeat(8));
  t.equal(cutLabel('\0'.repeat(20)), '\0'.repeat(5), 'as escaped in JSON');
});

test('property: a label takes at most 32 bytes of JSON beside its quotes, and cutting it again changes nothing', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (label) => {
      const cut = cutLabel(label);
      return label.startsWith(cut) && Buffer.byteLength(JSON.stringify(cut)) <= 34 && cutLabel(cut) === cut;
    }),
  );
});
