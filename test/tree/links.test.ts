/** The pages for people: what they link to is there, their JSON parses, and their pipelines would be taken. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { parsePipelineFile } from '../../src/pipeline/graph.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every page of the repository, by its path in it. */
const pages = ['.', 'docs', 'bench', 'clients', 'native-models', 'test/fixtures'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !/(^|\/)(node_modules|\.venv)\//.test(name))
    .map((name) => join(folder, name)),
);

const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

/** What GitHub makes of a heading: lower case, no punctuation, spaces to hyphens. */
function anchorsOf(page: string): string[] {
  const withoutCode = textOf(page).replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...withoutCode.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** A file's path in a comment, and the block with its text below. */
const shownFile = /^( *)<!-- (docs\/examples\/\S+) -->\n *```\w*\n([\s\S]*?)^ *```$/gm;

test('every link of every page leads to a file and a heading that are there', async (t) => {
  t.ok(pages.length > 10);
  for (const page of pages) {
    for (const [link, target = ''] of textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(root, join(root, dirname(page), path));
      t.ok(existsSync(join(root, file)), `${page}: ${link}`);
      if (anchor !== undefined) t.ok(anchorsOf(file).includes(anchor), `${page}: ${link}`);
    }
  }
});

test('every page and file of docs that a page names in code is there', async (t) => {
  for (const page of pages) {
    for (const [, name = ''] of textOf(page).matchAll(/`(docs\/[\w./-]+)`/g))
      t.ok(existsSync(join(root, name)), `${page}: ${name}`);
  }
});

test('the files of docs/examples that a page shows are as it shows them', async (t) => {
  let shown = 0;
  for (const page of pages) {
    for (const [, indent = '', path = '', code = ''] of textOf(page).matchAll(shownFile)) {
      shown += 1;
      t.equal(
        code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
        readFileSync(join(root, path), 'utf8'),
        `${page}: ${path}`,
      );
    }
  }
  t.ok(shown > 0);
});

test('all JSON in the pages parses, and what is a pipeline is one that the gateway takes', async (t) => {
  let pipelines = 0;
  for (const page of pages) {
    for (const [, json = ''] of textOf(page).matchAll(/^ *```json\n([\s\S]*?)^ *```$/gm)) {
      const value = JSON.parse(json) as { nodes?: unknown };
      if (value.nodes === undefined) continue;
      pipelines += 1;
      t.match(parsePipelineFile(value), { ok: true, value }, page);
    }
  }
  t.ok(pipelines > 0);
});
