/** A body is assembled from its chunks up to its limit, and its memory is counted and released. */
import fc from 'fast-check';
import { test } from 'tap';
import { RequestBody } from '../../../src/server/request-body.ts';

/** Counts the bytes of bodies and rejects more than its limit. */
class CountingBudget {
  taken = 0;
  readonly #max: number;

  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max;
  }

  take(bytes: number): boolean {
    if (this.taken + bytes > this.#max) return false;
    this.taken += bytes;
    return true;
  }

  release(bytes: number): void {
    this.taken -= bytes;
  }
}

test('pieces of any size are assembled, and all memory is released', async (t) => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(pieces, (parts) => {
      const budget = new CountingBudget();
      const body = new RequestBody(480, budget);
      let whole: Uint8Array = new Uint8Array(0);
      for (const [index, part] of parts.entries()) whole = body.add(part, index === parts.length - 1);
      const isSame = Buffer.concat(parts).equals(whole);
      body.release();
      return body.state === 'open' && isSame && budget.taken === 0;
    }),
  );
  t.pass('held for all');
});

test('a body in one piece is neither copied nor counted', async (t) => {
  const piece = Uint8Array.of(1, 2, 3);
  const budget = new CountingBudget();
  t.equal(new RequestBody(10, budget).add(piece, true), piece);
  t.equal(budget.taken, 0);
});

test('a piece is copied, since its memory is invalid after the call', async (t) => {
  const body = new RequestBody(10, new CountingBudget());
  const piece = Uint8Array.of(1, 2);
  body.add(piece, false);
  piece.fill(9);
  t.same([...body.add(Uint8Array.of(3, 4), true)], [1, 2, 3, 4]);
});

test('a body above the limit is too large, and collected bytes are released', async (t) => {
  const budget = new CountingBudget();
  const body = new RequestBody(4, budget);
  t.equal(body.add(Uint8Array.of(1, 2, 3, 4), false).length, 4);
  t.equal(body.state, 'open');
  t.equal(body.add(Uint8Array.of(5), false).length, 0);
  t.equal(body.state, 'too_large');
  t.equal(budget.taken, 0);
});

test('a body without room is released', async (t) => {
  const budget = new CountingBudget(6);
  const first = new RequestBody(10, budget);
  first.add(Uint8Array.of(1, 2, 3, 4), false);
  const second = new RequestBody(10, budget);
  second.add(Uint8Array.of(1, 2), false);
  t.equal(second.add(Uint8Array.of(3), false).length, 0);
  t.equal(second.state, 'no_room');
  t.equal(budget.taken, 4, 'the first body keeps its bytes');
  first.release();
  first.release();
  t.equal(budget.taken, 0, 'releasing twice counts once');
});

test('memory is released immediately, not by the garbage collector', async (t) => {
  const body = new RequestBody(1_000_000, new CountingBudget());
  const bytes = body.add(new Uint8Array(500_000), false);
  t.equal(bytes.length, 500_000);
  body.release();
  t.equal(bytes.length, 0, 'its memory is detached');
});
