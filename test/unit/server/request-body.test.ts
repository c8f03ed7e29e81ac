/** A body is put together as it comes, however it comes, and never beyond its limit. */
import fc from 'fast-check';
import { test } from 'tap';
import { RequestBody } from '../../../src/server/request-body.ts';

test('pieces of any size make the whole, whatever was announced', async (t) => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(pieces, fc.nat({ max: 480 }), (parts, declared) => {
      const body = new RequestBody(480, declared);
      let whole: Uint8Array = new Uint8Array(0);
      for (const [index, part] of parts.entries()) whole = body.add(part, index === parts.length - 1);
      return !body.isOverfull && Buffer.concat(parts).equals(whole);
    }),
  );
  t.pass('held for all');
});

test('a body that comes in one piece is not copied', async (t) => {
  const piece = Uint8Array.of(1, 2, 3);
  t.equal(new RequestBody(10, 3).add(piece, true), piece);
});

test('a piece that is kept is copied: its memory is gone after the call', async (t) => {
  const body = new RequestBody(10, 4);
  const piece = Uint8Array.of(1, 2);
  body.add(piece, false);
  piece.fill(9);
  t.same([...body.add(Uint8Array.of(3, 4), true)], [1, 2, 3, 4]);
});

test('more than the limit, come or announced, is overfull, and what was collected is let go', async (t) => {
  const body = new RequestBody(4, 0);
  t.equal(body.add(Uint8Array.of(1, 2, 3, 4), false).length, 4);
  t.equal(body.isOverfull, false);
  t.equal(body.add(Uint8Array.of(5), false).length, 0);
  t.equal(body.isOverfull, true);
  const announced = new RequestBody(4, 5);
  announced.add(Uint8Array.of(1), false);
  t.equal(announced.isOverfull, true);
});
