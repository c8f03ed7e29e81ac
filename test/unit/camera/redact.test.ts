/** Printed text never contains the password of an address. */
import fc from 'fast-check';
import { test } from 'tap';
import { redact, redactAddress, redactSecretsOf } from '../../../src/camera/redact.ts';

for (const [text, expected] of [
  ['rtsp://admin:secret@10.0.0.5:554/live', 'rtsp://admin:***@10.0.0.5:554/live'],
  ['rtsp://admin:p@ss@host/live', 'rtsp://admin:***@host/live'],
  ['rtsp://host/live', 'rtsp://host/live'],
  ['http://host/video.cgi?user=admin&pwd=secret&fps=5', 'http://host/video.cgi?user=admin&pwd=***&fps=5'],
  ['http://host/v?access_token=abc', 'http://host/v?access_token=***'],
  ['[error] rtsp://u:secret@host/x: Connection refused', '[error] rtsp://u:***@host/x: Connection refused'],
  ['rtsp://key@host/x', 'rtsp://key:***@host/x'],
  ['http://host/v?pwd=12#34&fps=5', 'http://host/v?pwd=***&fps=5'],
  ['/dev/video0', '/dev/video0'],
] as const) {
  test(`${text} is shown as ${expected}`, async (t) => t.equal(redact(text), expected));
}

test('a password with a space or a quote in an address is not shown', async (t) => {
  t.equal(redactAddress('rtsp://admin:se cr"et@host/live'), 'rtsp://admin:***@host/live');
  t.equal(redactAddress(`http://host/v?user=a&pwd=se'c ret&fps=5`), 'http://host/v?user=a&pwd=***&fps=5');
  t.notMatch(redactSecretsOf(`http://host/v?pwd=se'cret`, `tried se'cret`), /cret/);
});

test('a password is removed anywhere in a text, encoded or not', async (t) => {
  const address = 'rtsp://admin:se%20cret@host/live';
  t.notMatch(redactSecretsOf(address, 'tried se%20cret and "se cret" at rtsp://admin:se%20cret@host'), /se(%20| )cret/);
});

test('passwords with any characters are removed', async (t) => {
  const password = fc.string({ minLength: 3, maxLength: 20 }).filter((text) => !/^[*.:/@a-z\d]+$/i.test(text));
  fc.assert(
    fc.property(password, (text) => {
      const address = `rtsp://admin:${encodeURIComponent(text)}@camera/live`;
      const printed = redactSecretsOf(address, `[error] ${address}: 401 for ${text}`);
      t.equal(printed.includes(text), false, printed);
      return true;
    }),
  );
});
