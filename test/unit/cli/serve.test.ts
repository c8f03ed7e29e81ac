/** Where `framegate serve` says that the console is. */
import { test } from 'tap';
import { consoleUrl } from '../../../src/cli/serve.ts';

test('the address of the page is one that a browser on this machine can open', async (t) => {
  t.equal(consoleUrl('127.0.0.1', 8000), 'http://127.0.0.1:8000/');
  t.equal(consoleUrl('0.0.0.0', 80), 'http://127.0.0.1:80/');
  t.equal(consoleUrl('::', 8000), 'http://[::1]:8000/');
  t.equal(consoleUrl('fe80::1', 8000), 'http://[fe80::1]:8000/');
  t.equal(consoleUrl('camera.example', 8000), 'http://camera.example:8000/');
});
