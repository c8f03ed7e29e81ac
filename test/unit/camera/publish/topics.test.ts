/** Topics for names that contain anything: valid, bounded, and different for different names. */
import fc from 'fast-check';
import { test } from 'tap';
import { idOf, Topics, topicLevel } from '../../../../src/camera/publish/topics.ts';

test('letters, digits and a few signs stay; everything else is percent-encoded', async (t) => {
  for (const [name, level] of [
    ['gate', 'gate'],
    ['Gate_2.b-c', 'Gate_2.b-c'],
    ['Tür 東京', 'Tür%20東京'],
    ['a/b', 'a%2Fb'],
    ['+', '%2B'],
    ['#', '%23'],
    ['a\0b', 'a%00b'],
    ['$SYS', '%24SYS'],
    ['100%', '100%25'],
    ['', '%'],
    ['~', '%7E'],
    ['\ud800', '%EF%BF%BD'],
    ['e\u0301', 'é'],
  ] as const)
    t.equal(topicLevel(name), level, JSON.stringify(name));
});

test('long names are cut, and end with a hash of all of the name', async (t) => {
  t.equal(topicLevel('x'.repeat(64)), 'x'.repeat(64));
  t.match(topicLevel('x'.repeat(65)), /^x{51}~[0-9a-f]{12}$/);
  t.not(topicLevel('x'.repeat(1000)), topicLevel('x'.repeat(1001)));
  t.match(topicLevel('/'.repeat(1000)), /^(%2F)+~[0-9a-f]{12}$/);
  t.match(topicLevel('😀'.repeat(1000)), /^(%F0%9F%98%80)+(%..)*~[0-9a-f]{12}$/);
  t.match(topicLevel('e\u0301'.repeat(128)), /~/);
});

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: fc.constantFrom('/', '+', '#', '%', '~', '\0', '$', 'a', '2', 'F', '\ud800', '\udc00', 'é') }),
  fc.string({ minLength: 200, maxLength: 1000 }),
);

test('every name has a level that every broker takes, and different names have different ones', async (t) => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      const level = topicLevel(one);
      t.ok(level.length >= 1 && level.length <= 64, level);
      t.ok(Buffer.byteLength(level) <= 256);
      t.notMatch(level, /[/+#\s\p{C}]|^\$/u);
      t.ok(level.isWellFormed());
      const isSame = one.toWellFormed().normalize('NFC') === other.toWellFormed().normalize('NFC');
      if (!isSame) t.not(level, topicLevel(other), JSON.stringify([one, other]));
    }),
    { numRuns: 300 },
  );
});

test('the topics of a bridge, and its id: the same for the same cameras in any order', async (t) => {
  const topics = new Topics('site/a', ['gate', 'yard']);
  t.equal(topics.bridgeId, new Topics('site/a', ['yard', 'gate']).bridgeId);
  t.not(topics.bridgeId, new Topics('site/a', ['gate']).bridgeId);
  t.not(topics.bridgeId, new Topics('site/b', ['gate', 'yard']).bridgeId);
  t.match(topics.bridgeAvailability, /^site\/a\/bridge\/[0-9a-f]{12}\/availability$/);
  t.equal(topics.availability('g/1'), 'site/a/camera/g%2F1/availability');
  t.equal(topics.event('gate', 'a b'), 'site/a/camera/gate/event/a%20b');
  t.equal(topics.counts('gate', 'in/out', 'in'), 'site/a/camera/gate/counts/in%2Fout/in');
  t.equal(topics.lastText('gate'), 'site/a/camera/gate/last_text');
  t.not(idOf('a', 'bc'), idOf('ab', 'c'));
});
