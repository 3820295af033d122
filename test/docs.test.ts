/**
 * Keeps the documents true: links and paths lead somewhere, snippets compile or stand in the file they are taken from.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { read, root, type Source, sources } from './source.ts';

const documents = sources(/\.md$/).filter(({ path }) => !path.startsWith('.changeset/'));

/** Text outside of code blocks. */
const proseOf = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

/** The anchors that hosts make of headings: lower case, spaces to hyphens, other signs dropped. */
function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

interface Snippet {
  readonly document: string;
  /** What follows the language: nothing, or the file the snippet is taken from. */
  readonly from: string;
  readonly code: string;
}

const snippets: Snippet[] = documents.flatMap(({ path, text }) =>
  [...text.matchAll(/^```ts ?(.*)\n([\s\S]*?)^```$/gm)].map(([, from, code]) => ({
    document: path,
    from: from!.trim(),
    code: code!,
  })),
);

describe.each(documents)('$path', ({ path, text }: Source) => {
  const targets = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);

  test('links lead to files and headings that exist', () => {
    const broken = targets.filter((target) => {
      if (/^(https?|mailto):/.test(target)) return false;
      const [file, anchor] = target.split('#');
      const found = file === '' ? path : posix.join(posix.dirname(path), file!);
      if (!existsSync(join(root, found))) return true;
      return anchor !== undefined && found.endsWith('.md') && !anchorsOf(read(found)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('paths in code marks exist', () => {
    const named = [...proseOf(text).matchAll(/`((?:packages|docs|examples|test|scripts|bench)\/[\w./-]+)`/g)];
    expect(named.map((match) => match[1]!).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

describe('snippets', () => {
  const whole = snippets.filter(({ from }) => from === '');
  const taken = snippets.filter(({ from }) => from !== '');
  // Inside of test/, so that the packages are found as an app would find them.
  const directory = mkdtempSync(join(import.meta.dirname, '.snippets-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  test('compile against the packages', () => {
    expect(whole.length).toBeGreaterThan(3);
    whole.forEach(({ code }, i) => {
      writeFileSync(join(directory, `snippet-${i}.ts`), `export {};\n${code}`);
    });
    const compilerOptions = { noEmit: true, composite: false, rewriteRelativeImportExtensions: false };
    const config = { extends: '../../tsconfig.base.json', compilerOptions, include: ['*.ts'] };
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config));
    const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    const { stdout, status } = spawnSync(process.execPath, [join(typescript, 'bin/tsc'), '-p', directory], {
      encoding: 'utf8',
    });
    const named = stdout.replace(
      /\S*snippet-(\d+)\.ts/g,
      (_, i) => `${whole[Number(i)]!.document}, snippet ${i}`,
    );
    expect(named).toBe('');
    expect(status).toBe(0);
  });

  test.each(taken)('$document: from $from, word for word', ({ from, code }) => {
    expect(read(from)).toContain(code.trimEnd());
  });
});

test('README.ko.md shows the programs of README.md', () => {
  const blocks = (path: string): string[] =>
    [...read(path).matchAll(/^```(?:ts|sh)\n[\s\S]*?^```$/gm)].map(([block]) =>
      block.replace(/ *(\/\/|#).*$/gm, ''),
    );
  expect(blocks('README.ko.md')).toEqual(blocks('README.md'));
});
