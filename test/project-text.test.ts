/**
 * What must not stand in a repository that strangers read: paths of somebody's machine, notes to oneself, secrets,
 * conflict marks, and files too large to clone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './source.ts';

/** Everything that is or would be committed. */
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
})
  .toString()
  .split('\0')
  .filter((path) => path !== '' && statSync(join(root, path), { throwIfNoEntry: false })?.isFile());

const textual =
  /\.(ts|mjs|js|py|md|json|yaml|yml|toml|txt|sh)$|(^|\/)(LICENSE|NOTICE|run|\.gitignore|\.npmrc)$/;
// Lock files have hashes that look like anything, and this file has the patterns.
const texts = tracked.filter(
  (path) => textual.test(path) && !/pnpm-lock\.yaml$|project-text\.test\.ts$/.test(path),
);

const unwanted: readonly (readonly [string, RegExp])[] = [
  ['a path of a home folder', /(?<![\w.])\/(home|Users|root)\/[\w.-]+|\b[A-Z]:\\Users\\/],
  ['a path of a work folder', /(?<![\w./-])\/(work|mnt|workspace)\/[\w.-]+/],
  ['a note to oneself', /\b(TODO|FIXME|XXX|HACK|TEMP)\b(?!_)/],
  ['a conflict mark', /^(<{7} |>{7} )/m],
  [
    'a secret',
    /\b(ghp_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16})\b|-----BEGIN [A-Z ]*PRIVATE KEY/,
  ],
];

describe('no file has', () => {
  test.each(unwanted)('%s', (_, pattern) => {
    const found = texts.flatMap((path) => {
      const match = pattern.exec(readFileSync(join(root, path), 'utf8'));
      return match ? [`${path}: ${match[0]}`] : [];
    });
    expect(found).toEqual([]);
  });

  test('more than 40 MB', () => {
    expect(tracked.filter((path) => statSync(join(root, path)).size > 40e6)).toEqual([]);
  });
});

test('what is built is not committed', () => {
  expect(tracked.filter((path) => /(^|\/)(node_modules|dist|out)\//.test(path))).toEqual([]);
});
