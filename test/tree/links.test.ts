/** The documentation: links resolve, JSON parses, and pipelines are valid. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'tap';
import { parsePipelineFile } from '../../src/pipeline/graph.ts';
import { ownFiles, root } from '../support/own-files.ts';

/** Every page of the repository, by its path. */
const pages = ['.', 'docs', 'bench', 'clients', 'native-models', 'test'].flatMap((folder) =>
  ownFiles(folder).filter((name) => name.endsWith('.md')),
);

const textOf = (page: string) => readFileSync(join(root, page), 'utf8');

/** GitHub's anchors of headings: lower case, no punctuation, hyphens for spaces. */
function anchorsOf(page: string): string[] {
  const withoutCode = textOf(page).replaceAll(/^```[\s\S]*?^```$/gm, '');
  return [...withoutCode.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** A comment with a file's path, followed by a code block with its content. */
const shownFile = /^( *)<!-- (docs\/examples\/\S+) -->\n *```\w*\n([\s\S]*?)^ *```$/gm;

test('every link of every page leads to an existing file and heading', async (t) => {
  for (const page of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'test/README.md', 'docs/README.md'])
    t.ok(pages.includes(page), page);
  for (const page of pages) {
    for (const [link, target = ''] of textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(root, join(root, dirname(page), path));
      t.ok(existsSync(join(root, file)), `${page}: ${link}`);
      if (anchor !== undefined) t.ok(anchorsOf(file).includes(anchor), `${page}: ${link}`);
    }
  }
});

test('every file under docs that a page names in code exists', async (t) => {
  for (const page of pages) {
    for (const [, name = ''] of textOf(page).matchAll(/`(docs\/[\w./-]+)`/g))
      t.ok(existsSync(join(root, name)), `${page}: ${name}`);
  }
});

test('files of docs/examples are shown unchanged', async (t) => {
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

test('all JSON in the pages parses, and pipelines are valid', async (t) => {
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
