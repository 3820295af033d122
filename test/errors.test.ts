/**
 * Keeps `errors.ts`, `docs/errors.md` and the code that throws in step.
 */
import { AnyToAnyError, type ErrorCode, errorCodes } from '@any-to-any/core';
import { describe, expect, test } from 'vitest';
import { packageSources, read } from './source.ts';

const codes = Object.keys(errorCodes) as ErrorCode[]; // the keys of the table are its type
const throwing = packageSources().filter(({ path }) => !path.startsWith('packages/core/src/testing/'));

interface Entry {
  readonly code: string;
  readonly text: string;
}

/** The entries of the document: from one `### CODE` to the next heading. */
function entries(): Entry[] {
  return read('docs/errors.md')
    .split(/^(?=#{2,3} )/m)
    .flatMap((part) => {
      const code = /^### `([A-Z_]+)`/.exec(part)?.[1];
      return code === undefined ? [] : [{ code, text: part }];
    });
}

describe('docs/errors.md', () => {
  test('has exactly the codes of the table, in its order', () => {
    expect(entries().map(({ code }) => code)).toEqual(codes);
  });

  test('the table is sorted', () => {
    expect(codes).toEqual([...codes].sort());
  });

  test.each(entries())('$code has its meaning, a cause and a remedy', ({ code, text }) => {
    expect(text).toContain(errorCodes[code as ErrorCode]); // the first test says that it is one
    expect(text).toMatch(/^- \*\*Cause:\*\* \S.{15}/m);
    expect(text).toMatch(/^- \*\*Remedy:\*\* \S.{15}/m);
  });

  test('its examples begin with a code that exists', () => {
    const examples = [...read('docs/errors.md').matchAll(/^([A-Z]+(?:_[A-Z]+)*) {2}\S/gm)].map(
      (match) => match[1]!,
    );
    expect(examples.length).toBeGreaterThan(0);
    expect(examples.filter((code) => !(code in errorCodes))).toEqual([]);
  });
});

describe('the code', () => {
  test.each(codes)('%s is thrown somewhere', (code) => {
    const used = new RegExp(
      `(AnyToAnyError|[a-z]\\w*)\\(\\s*'${code}'|'${code}' \\||: '${code}'|\\? '${code}'`,
    );
    expect(throwing.filter(({ text }) => used.test(text)).map(({ path }) => path)).not.toEqual([]);
  });

  test('throws nothing but AnyToAnyError', () => {
    const bare = /(?<!class \w+ extends )\bnew (Type|Range|Syntax|Reference|Aggregate)?Error\(/;
    expect(throwing.filter(({ text }) => bare.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('uses no code that the table lacks', () => {
    const unknown = throwing.flatMap(({ path, text }) =>
      [...text.matchAll(/new AnyToAnyError\(\s*'([^']+)'/g)]
        .filter((match) => !(match[1]! in errorCodes))
        .map((match) => `${path}: ${match[1]}`),
    );
    expect(unknown).toEqual([]);
  });

  test('an error says its code first, and is known by any copy of the package', () => {
    const error = new AnyToAnyError('REGION_OVERLAP', 'image and audio share 448 ids.', { plugin: 'x' });
    expect(error.message).toBe('REGION_OVERLAP  image and audio share 448 ids.');
    const foreign = { [Symbol.for('any-to-any.error')]: true, code: 'ABORTED' };
    expect(AnyToAnyError.is(foreign, 'ABORTED')).toBe(true);
    expect(AnyToAnyError.is(foreign, 'BUNDLE_PATH')).toBe(false);
    expect(AnyToAnyError.is(new Error('x'))).toBe(false);
  });
});
