/** The snippets for connecting a camera. */
import { execFileSync } from 'node:child_process';
import { test } from 'tap';
import { nameSnippets, type Snippets, snippetsFor } from '../../../src/web/connect-snippets.ts';

/** The words that a shell makes of a command. */
function wordsOf(command: string): string[] {
  const script = `for word in ${command.replaceAll('\\\n', ' ')}; do printf '%s\\0' "$word"; done`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

/** The options passed to `connect` in the script. */
function optionsOf({ script }: Snippets): unknown {
  const options = /connect\((\{.*\})\)/.exec(script)?.[1];
  return new Function(`return ${options}`)();
}

test('the address is that of the gateway, without a path', async (t) => {
  const snippets = snippetsFor(new URL('http://192.0.2.1:8000/'), 'yolo');
  const words = wordsOf(snippets.camera);
  t.strictSame(words.slice(-4), ['--url', 'ws://192.0.2.1:8000', '--pipeline', 'yolo']);
  t.strictSame(optionsOf(snippets), { url: 'ws://192.0.2.1:8000', pipeline: 'yolo' });
  t.equal(wordsOf(snippets.image).at(-1), 'http://192.0.2.1:8000/frames?pipeline_id=yolo');
});

test('behind a proxy with TLS and a path prefix, both are kept', async (t) => {
  const snippets = snippetsFor(new URL('https://example.com/gate/'), 'yolo_ocr');
  t.equal(wordsOf(snippets.camera).at(-3), 'wss://example.com/gate/');
  t.match(optionsOf(snippets), { url: 'wss://example.com/gate/' });
  t.equal(wordsOf(snippets.image).at(-1), 'https://example.com/gate/frames?pipeline_id=yolo_ocr');
});

test('an id from the URL cannot leave its quotes', async (t) => {
  for (const pipeline of ["a'b", "'; echo oops; '", 'a b', '$(date)', '\\', "\\'", 'é&x=1']) {
    const snippets = snippetsFor(new URL('http://host/'), pipeline);
    t.equal(wordsOf(snippets.camera).at(-1), pipeline);
    t.match(optionsOf(snippets), { pipeline });
    t.equal(new URL(wordsOf(snippets.image).at(-1) ?? '').searchParams.get('pipeline_id'), pipeline);
  }
});

test('how a camera gets its name', async (t) => {
  const { name, bridge } = nameSnippets(new URL('https://gate.example/prefix/'), 'yolo', 'gate-3');
  t.equal(name, 'wss://gate.example/prefix/ws/video/stream?pipeline_id=yolo&camera=gate-3');
  t.match(bridge, /--url wss:\/\/gate\.example\/prefix\/ --pipeline yolo --name gate-3$/);
  t.match(
    nameSnippets(new URL('http://127.0.0.1:8000/'), 'yolo', 'gate-3').name,
    /^ws:\/\/127\.0\.0\.1:8000\/ws\/video/,
  );
});
