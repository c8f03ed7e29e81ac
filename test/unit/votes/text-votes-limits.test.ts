/** Whatever frames are dropped and whatever they show: one event per track, no read too early, and a small state. */
import { test } from 'tap';
import { seededRandom } from '../../support/seeded-random.ts';
import { VotingSession as Session } from '../../support/voting-session.ts';

interface Car {
  readonly text: string;
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** A read with random confusions, drops and doubles, whose certainty tells little about them. */
function misread(text: string, random: () => number): { text: string; certainty: number } {
  const characters = [...text].map((character) => {
    const dice = random();
    if (dice < 0.05) return '';
    if (dice < 0.1) return character + character;
    return dice < 0.2 ? '08BSZ'[Math.floor(random() * 5)] : character;
  });
  return { text: random() < 0.05 ? '' : characters.join(''), certainty: 0.5 + random() / 2 };
}

function randomCars(random: () => number): readonly Car[] {
  return Array.from({ length: 40 }, (_, index) => {
    const from = random() * 60_000;
    const text = `AB${Math.floor(random() * 12)}CD`;
    return { text, id: index + 1, from, to: from + random() * 8000 };
  });
}

/** No frame for up to two seconds, or a burst of them. */
function nextFrame(random: () => number): number {
  const dice = random();
  return dice < 0.05 ? random() * 2000 : dice < 0.3 ? random() * 15 : 30 + random() * 80;
}

test('whatever frames are dropped: one event per track at most, no text twice within the time, no read too early', async (t) => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = seededRandom(seed);
    const session = new Session({ settledScore: 0.8 });
    const cars = randomCars(random);
    for (let at = 0; at < 75_000; at += nextFrame(random)) {
      const there = cars.filter(({ from, to }) => from <= at && at < to);
      const isSeen = there.map(() => random() < 0.8);
      const shown = there.filter((_, index) => isSeen[index]).map(({ id, text }) => ({ id, ...misread(text, random) }));
      const lost = there.filter((_, index) => !isSeen[index]).map(({ id }) => id);
      session.frame(at, shown, lost);
    }
    const { events } = session;
    t.ok(events.length > 2, `seed ${seed}: ${events.length} events`);
    t.equal(new Set(events.map(({ track_id: id }) => id)).size, events.length, 'one per track');
    for (const [index, event] of events.entries()) {
      const earlier = events
        .slice(0, index)
        .find(({ text, at_ms: ms }) => text === event.text && event.at_ms - ms < 10_000);
      t.equal(earlier, undefined, `${event.text} again`);
    }
    const gaps = [...session.reads.values()].flatMap((times) =>
      times.slice(1).map((time, at) => time - (times[at] ?? 0)),
    );
    t.ok(Math.min(...gaps) >= 150, `${Math.min(...gaps)} ms between two reads`);
  }
});

test('a hundred tracks with texts stay below 20 KB, and others are left alone', async (t) => {
  const random = seededRandom(2);
  const letters = (length: number) =>
    Array.from({ length }, () => String.fromCharCode(65 + Math.floor(random() * 26))).join('');
  for (const length of [7, 60, 5000]) {
    const session = new Session();
    for (let at = 0; at < 4000; at += 200) {
      const tracks = Array.from({ length: 1000 }, (_, index) => ({
        id: index + 1,
        text: index % 2 === 0 ? letters(length) : `${'"\\\u0001\ud800漢'.repeat(length / 5)}A`,
        certainty: [Number.NaN, 0.7, 2, -1][index % 4] as number,
      }));
      const votes = session.frame(at, tracks);
      t.equal(votes.has(100), true);
      t.equal(votes.has(101), false, 'no more than a hundred');
    }
    t.ok(session.bytes < 20_000, `${session.bytes} bytes for texts of ${length}`);
    session.frame(9000, []);
    t.ok(session.bytes < 3000, `${session.bytes} bytes after all have ended`);
  }
});
