/** An unencoded password that breaks its address is detected, explained, and not printed. */
import fc from 'fast-check';
import { test } from 'tap';
import { exitReasonOf } from '../../../src/camera/exit-reason.ts';
import { passwordHint } from '../../../src/camera/password-hint.ts';
import { readSource, type Source } from '../../../src/camera/source.ts';

for (const [address, hint] of [
  ['rtsp://admin:pa#ss@192.0.2.7/stream1', 'encode `#` as `%23`'],
  ['rtsp://admin:12#34@192.0.2.7/stream1', 'encode `#` as `%23`'],
  ['http://admin:12/3#4@192.0.2.7/stream1', 'encode `#` as `%23`'],
  ['http://192.0.2.7/snap.cgi?user=admin&pwd=12#34', 'encode `#` as `%23`'],
  ['http://192.0.2.7/snap.cgi?pwd=12#34', 'encode `#` as `%23`'],
  ['http://admin:pa?ss@192.0.2.7/x', 'encode `?` as `%3F`'],
  ['rtsp://admin:pa/ss@192.0.2.7/x', 'encode `/` as `%2F`'],
  ['rtsp://admin:pass word@192.0.2.7/x', 'encode a space as `%20`'],
  ["http://192.0.2.7/snap.cgi?pwd='12 34", 'encode a space as `%20`'],
] as const) {
  test(`${address} is rejected with a hint`, async (t) => {
    const read = readSource(address);
    t.equal(read.ok, false);
    if (read.ok) return;
    t.ok(read.issue.endsWith(` is not a valid address: in a password, ${hint}`), read.issue);
    t.notMatch(read.issue.split(' is not ')[0], /pa|ss|word|12|34/);
  });
}

for (const address of [
  'http://192.0.2.7/x',
  'rtsp://admin:secret@192.0.2.7:554/x@2?a=b@c',
  'rtsp://admin:p@ss@192.0.2.7/x',
  'rtsp://admin:pa%23ss@192.0.2.7/x',
  'http://192.0.2.7:8080/v?user=me@example.org',
  'http://[2001:db8::7]/x@y',
  'http://192.0.2.7/x#top',
  'http://admin:1234/5@192.0.2.7/x',
]) {
  test(`${address} is accepted`, async (t) => t.equal(readSource(address).ok, true));
}

test('if the address may be valid, the hint appears when its host cannot be resolved', async (t) => {
  const lines = ['[tcp @ 0x5] [error] Failed to resolve hostname admin: Name or service not known'];
  const detailFor = (text: string) => {
    const source: Source = { kind: 'rtsp', text, shown: '' };
    return exitReasonOf(lines, source, { program: 'ffprobe', code: 1 }).detail;
  };
  const reason = 'host name cannot be resolved; check the spelling';
  t.equal(detailFor('rtsp://admin:1234/5@192.0.2.7/x'), `${reason}; in a password, encode \`/\` as \`%2F\``);
  t.equal(detailFor('rtsp://camera/x'), reason);
});

test('an encoded password never causes a hint', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (password) => {
      return passwordHint(`rtsp://admin:${encodeURIComponent(password)}@camera:554/live?channel=1`) === undefined;
    }),
  );
  t.pass();
});

test('the error never contains the password', async (t) => {
  const password = fc
    .string({ minLength: 3 })
    .filter((text) => /[#?/ ]/.test(text) && !/^[*.:/@a-z\d #?]+$/i.test(text));
  fc.assert(
    fc.property(password, (text) => {
      const read = readSource(`rtsp://admin:${text}@camera/live`);
      return !(read.ok ? read.source.shown : read.issue).includes(text);
    }),
  );
  t.pass();
});
