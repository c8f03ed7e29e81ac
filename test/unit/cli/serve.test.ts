/** The URL of the console shown by `framegate serve`. */
import { test } from 'tap';
import { consoleUrl } from '../../../src/cli/serve.ts';

test('a browser on this machine can open the URL of the console', async (t) => {
  t.equal(consoleUrl('127.0.0.1', 8000), 'http://127.0.0.1:8000/');
  t.equal(consoleUrl('0.0.0.0', 80), 'http://127.0.0.1:80/');
  t.equal(consoleUrl('::', 8000), 'http://[::1]:8000/');
  t.equal(consoleUrl('fe80::1', 8000), 'http://[fe80::1]:8000/');
  t.equal(consoleUrl('camera.example', 8000), 'http://camera.example:8000/');
});
