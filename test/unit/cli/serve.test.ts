/** Where `framegate serve` says that the console is. */
import { test } from 'tap';
import { pageUrl } from '../../../src/cli/serve.ts';

test('the address of the page is one that a browser on this machine can open', async (t) => {
  t.equal(pageUrl('127.0.0.1', 8000), 'http://127.0.0.1:8000/');
  t.equal(pageUrl('0.0.0.0', 80), 'http://127.0.0.1:80/');
  t.equal(pageUrl('::', 8000), 'http://[::1]:8000/');
  t.equal(pageUrl('fe80::1', 8000), 'http://[fe80::1]:8000/');
  t.equal(pageUrl('camera.example', 8000), 'http://camera.example:8000/');
});
