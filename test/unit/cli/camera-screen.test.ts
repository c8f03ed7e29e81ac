/** The status table: never wider than the terminal, and redrawn in place. */
import fc from 'fast-check';
import { test } from 'tap';
import { Tally } from '../../../src/camera/tally.ts';
import { CameraScreen, layOut } from '../../../src/cli/camera-screen.ts';
import { cut } from '../../../src/cli/printable.ts';

const headings = ['camera', 'state', 'fps', 'sent', 'answered', 'dropped', 'ms', 'last text'];
const row = ['front', 'live', '15.0', '100', '98', '2', '31', 'AB123CD'];

/** What a terminal shows of each character, by its columns: not computed by the code under test. */
const charactersOfWidth = {
  1: [...'aZ09 .:*é߷ЖאעΩ→…│', '\u{1d400}'],
  2: [...'東京正門あアー한글ＡＺ！（）🚗🙂', '\u{20000}'],
};
const columnsOf = new Map(
  Object.entries(charactersOfWidth).flatMap(([columns, characters]) =>
    characters.map((character) => [character, Number(columns)] as const),
  ),
);

/** @throws if the line has a character that is neither in the tables nor plain text. */
function columns(line: string): number {
  let sum = 0;
  for (const character of line) {
    const width = /[ -~]/.test(character) ? 1 : columnsOf.get(character);
    if (width === undefined) throw new Error(`unexpected character ${JSON.stringify(character)}`);
    sum += width;
  }
  return sum;
}

test('a wide terminal shows all columns, a narrow one the most important', async (t) => {
  t.strictSame(layOut([headings, row], 80), [
    'camera  state   fps  sent  answered  dropped  ms  last text',
    'front   live   15.0   100        98        2  31  AB123CD',
  ]);
  t.strictSame(layOut([headings, row], 36), ['camera  state   fps  last text', 'front   live   15.0  AB123CD']);
  t.strictSame(layOut([headings, row], 20), ['camera  state   fps', 'front   live   15.0']);
});

test('no line is wider than the terminal, whatever text is recognized', async (t) => {
  const text = fc.string({ unit: fc.constantFrom(...columnsOf.keys()), maxLength: 60 });
  const cells = fc.array(text, { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(cells, { minLength: 1, maxLength: 4 }), fc.integer({ min: 2, max: 120 }), (rows, width) =>
      layOut([headings, ...rows], width).every((line) => columns(line) < width),
    ),
  );
  t.equal(columns('正門 a…'), 7);
});

test('no control character reaches the terminal', async (t) => {
  const cells = fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { minLength: 8, maxLength: 8 });
  fc.assert(fc.property(cells, (row) => !/\p{Cc}/u.test(layOut([headings, row], 120).join(''))));
  t.notMatch(layOut([headings, row.with(0, 'a\x1b[2Jb\nc')], 120).join(''), /\p{Cc}/u);
});

test('each redraw replaces the previous one, and log lines stay above it', async (t) => {
  const written: string[] = [];
  const screen = new CameraScreen({ columns: 80, rows: 24, write: (text) => written.push(text) });
  t.teardown(() => screen.close());
  screen.add('front', { tally: new Tally() });
  screen.draw();
  written.length = 0;
  screen.event('front', { type: 'source', state: { state: 'waiting', detail: 'Connection refused', retryInMs: 450 } });
  t.ok(written.join('').startsWith('\x1b[2A\r\x1b[J'), 'moves up two lines and clears');
  t.match(written.join(''), /front: Connection refused; retrying in 0.5 s\ncamera .*\nfront +waiting .*\n$/);
});

test('many cameras fit on the terminal', async (t) => {
  const written: string[] = [];
  const screen = new CameraScreen({ columns: 80, rows: 10, write: (text) => written.push(text) });
  t.teardown(() => screen.close());
  for (let index = 0; index < 40; index++) screen.add(`camera ${index}`, { tally: new Tally() });
  const live = { type: 'source', state: { state: 'live', mode: 'copy', keepsRate: false } } as const;
  for (let index = 0; index < 38; index++) screen.event(`camera ${index}`, live);
  screen.draw();
  const table = written.at(-1) ?? '';
  t.ok(table.split('\n').length <= 10);
  t.match(table, /camera 38 +opening.*\ncamera 39 +opening.*\ncamera 0 +live/, 'cameras that are not live come first');
  t.match(table, /\nand 34 more\n$/);
});

test('double-width characters keep the table within the terminal, and its columns aligned', async (t) => {
  const lines = layOut([headings, row.with(-1, '東京 500 あ 12-34'.repeat(3)), row.with(0, '正門')], 80);
  t.ok(
    lines.every((line) => columns(line) < 80),
    lines.join('\n'),
  );
  const before = lines.map((line) => columns(line.slice(0, line.search(/last|東|AB/))));
  t.equal(new Set(before).size, 1, `${before}`);
});

test('accents and joined emoji take the columns that a terminal gives them', async (t) => {
  const accented = 'Cafe\u0301';
  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';
  t.strictSame(layOut([headings, row.with(0, accented), row.with(0, family), row.with(0, 'Cafes')], 36), [
    'camera  state   fps  last text',
    `${accented}    live   15.0  AB123CD`,
    `${family}      live   15.0  AB123CD`,
    'Cafes   live   15.0  AB123CD',
  ]);
});

test('a cut never splits a character, and never exceeds the width', async (t) => {
  t.equal(cut('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  t.equal(cut('e\u0301e\u0301e\u0301', 2, 'start'), '…e\u0301');
  t.equal(cut('東京都', 2), '…');
  t.equal(cut('東京都', 4, 'start'), '…都');
  t.equal(cut('\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7}', 3), '\u{1f1e9}\u{1f1ea}…');
});

test("a gateway's error cannot control the terminal or fill it", async (t) => {
  const written: string[] = [];
  const screen = new CameraScreen({ columns: 80, rows: 24, write: (text) => written.push(text) });
  t.teardown(() => screen.close());
  screen.add('front', { tally: new Tally() });
  const detail = `\x1b[2J\x9b31m\u202ered\nframegate: forged ${'long '.repeat(10_000)}`;
  screen.event('front', { type: 'gateway', state: 'lost', detail });
  t.match(written.join(''), /^front: gateway: {2}\[2J 31m red framegate: forged long/);
  t.notMatch(written.join(''), /(?!\n)\p{C}/u);
  t.ok(written.join('').length < 1000);
});

test('addresses with the same start stay distinguishable', async (t) => {
  const [, one, two] = layOut(
    [headings, ...[1, 2].map((end) => row.with(0, `rtsp://user:***@192.0.2.7:554/stream${end}`))],
    80,
  );
  t.match(one, /^….*192\.0\.2\.7:554\/stream1 {2}live/);
  t.match(two, /^….*192\.0\.2\.7:554\/stream2 {2}live/);
});

test('targets are below the table, with what is published, waiting, and lost', async (t) => {
  let written = '';
  const screen = new CameraScreen({ columns: 60, rows: 10, write: (text) => (written += text) });
  t.teardown(() => screen.close());
  screen.add('front', { tally: new Tally() });
  const target = {
    ...{ name: 'mqtts://h:8883', state: 'away' as const, counts: { published: 120, waiting: 3, lost: 1 } },
    publish: () => undefined,
    close: async () => undefined,
  };
  screen.addTarget(target);
  screen.draw();
  t.match(written, 'mqtts://h:8883  away, events: 120 published, 3 waiting, 1 …\n');
  screen.target('mqtts://h:8883', { type: 'away', detail: 'refused; events wait' });
  screen.target('mqtts://h:8883', { type: 'connected' });
  screen.targetEnded(target);
  t.match(written, 'mqtts://h:8883: refused; events wait\n');
  t.match(written, 'mqtts://h:8883: connected\n');
  t.match(written, 'mqtts://h:8883: events: 120 published, 3 not delivered, 1 lost\n');
});
