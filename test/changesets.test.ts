/** A changeset that cannot be read stops a release, and a formatter of Markdown turns its head into a heading. */
import { expect, test } from 'vitest';
import { sources } from './source.ts';

const changesets = sources(/\.md$/).filter(({ path }) => path.startsWith('.changeset/'));

test.each(changesets)('$path names packages, then what changes for their users', ({ text }) => {
  expect(text).toMatch(/^---\n("@any-to-any\/[\w-]+": (patch|minor|major)\n)+---\n\n\S/);
});
