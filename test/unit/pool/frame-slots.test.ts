/** Frames in shared memory are intact and do not overlap, and their slots are reused. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'tap';
import { type FrameSlot, FrameSlots } from '../../../src/pool/frame-slots.ts';

function frameOf(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

function bytesOf(slots: FrameSlots, { offset, byteLength }: FrameSlot): Uint8Array {
  return new Uint8Array(slots.memory).slice(offset, offset + byteLength);
}

test('a frame is copied', async (t) => {
  const slots = new FrameSlots(1000);
  const frame = frameOf(100, 7);
  const slot = slots.allocate(frame);
  frame.fill(0);
  if (slot === undefined) throw new Error('there is room');
  t.same(bytesOf(slots, slot), frameOf(100, 7));
});

test('a frame that does not fit gets no slot, and releasing one makes room', async (t) => {
  const slots = new FrameSlots(1000);
  const first = slots.allocate(frameOf(600, 1));
  t.equal(slots.allocate(frameOf(600, 2)), undefined);
  first?.release();
  t.equal(slots.usedBytes, 0);
  t.ok(slots.allocate(frameOf(600, 2)));
});

test('a frame of the whole memory fits, an empty one too', async (t) => {
  const slots = new FrameSlots(1000);
  const whole = slots.allocate(frameOf(1000, 1));
  t.ok(whole);
  whole?.release();
  t.equal(slots.allocate(new Uint8Array(0))?.byteLength, 0);
});

test('the low end is used first', async (t) => {
  const slots = new FrameSlots(10_000);
  const [first, second] = [slots.allocate(frameOf(100, 1)), slots.allocate(frameOf(100, 2))];
  first?.release();
  t.equal(slots.allocate(frameOf(100, 3))?.offset, 0);
  second?.release();
});

test('releasing twice throws', async (t) => {
  const slot = new FrameSlots(1000).allocate(frameOf(1, 1));
  slot?.release();
  t.throws(() => slot?.release(), { message: 'frame slot released twice' });
});

type Step = number | 'release first' | 'release last';

/** Frames of these lengths are allocated, if there is room, and released; after each step all remaining ones must be intact. */
function play(slots: FrameSlots, steps: readonly Step[]): void {
  const taken: { slot: FrameSlot; frame: Uint8Array }[] = [];
  const take = (frame: Uint8Array) => {
    const slot = slots.allocate(frame);
    if (slot !== undefined) taken.push({ slot, frame });
  };
  for (const [index, step] of steps.entries()) {
    if (step === 'release first') taken.shift()?.slot.release();
    else if (step === 'release last') taken.pop()?.slot.release();
    else take(frameOf(step, index % 256));
    for (const { slot, frame } of taken) assert.deepEqual(bytesOf(slots, slot), frame);
  }
  for (const { slot } of taken) slot.release();
}

test('every frame is intact until it is released, in any order of allocations', async () => {
  const step = fc.oneof(fc.nat({ max: 400 }), fc.constantFrom('release first' as const, 'release last' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const slots = new FrameSlots(2000);
      play(slots, steps);
      assert.equal(slots.usedBytes, 0);
      assert.notEqual(slots.allocate(frameOf(2000, 1)), undefined, 'all of it is free again, in one piece');
    }),
  );
});
