/**
 * Keeps the specification of the token space true: its schema, its example, its numbers and its hashes.
 * `UPDATE=1 npx vitest run test/token-space` writes the schema anew.
 */
import {
  canonicalHash,
  canonicalJson,
  cellOf,
  createTokenSpace,
  gridLayout,
  lineLayout,
  type SpaceDescription,
  spaceSchema,
} from '@any-to-any/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { pinned, read } from './source.ts';

const page = read('docs/token-space.md');
const example = JSON.parse(/```json token-space\n([\s\S]*?)```/.exec(page)![1]!) as SpaceDescription; // checked below
const rows = (header: string): number[][] => {
  const table = page.split(`| ${header} |\n`)[1]!.split('\n\n')[0]!;
  return [...table.matchAll(/^\| (\d.*) \|$/gm)].map((match) => match[1]!.split(/ \| |, /).map(Number));
};

describe('the schema', () => {
  test('is what zod makes of the code', () => {
    const schema = { title: 'Token space, version 1', ...spaceSchema.toJSONSchema() };
    expect(JSON.parse(JSON.stringify(schema))).toEqual(pinned('docs/token-space.schema.json', schema));
  });

  test('takes the example and refuses what the code refuses', () => {
    const validate = new Ajv2020({ allErrors: true }).compile(
      JSON.parse(read('docs/token-space.schema.json')),
    );
    const [text] = example.regions;
    const cases: unknown[] = [
      example,
      { ...example, regions: [] },
      { ...example, more: 1 },
      { ...example, version: 2 },
      { ...example, regions: [{ ...text, layout: { kind: 'plugin', buckets: 0 } }] },
      { ...example, regions: [{ ...text, layout: { kind: 'spiral', buckets: 3 } }] },
      { ...example, regions: [{ ...text, modality: 'Text' }] },
      { ...example, regions: [{ ...text, offset: -1 }] },
      { ...example, regions: [{ ...text, offset: undefined, table: [9, 8] }] },
    ];
    const verdicts = cases.map((one) => validate(JSON.parse(JSON.stringify(one))));
    expect(verdicts).toEqual(cases.map((one) => spaceSchema.safeParse(one).success));
    expect(verdicts).toEqual([true, false, false, false, true, false, false, false, true]);
  });
});

describe('the page', () => {
  const space = createTokenSpace(example);

  test('has the ids and buckets it says', () => {
    expect(space.size).toBe(1288);
    expect(space.mark('<img>')).toBe(5);
    expect(space.region('image').toGlobal(3)).toBe(267);
    expect(space.region('image').toLocal(263)).toBeUndefined();
    expect(space.bucketCount).toBe(258);
    expect(space.region('image').buckets).toEqual({ start: 33, count: 225 });
  });

  test('has the buckets of a line', () => {
    const layout = lineLayout({ buckets: 32, maxDistance: 128 });
    const table = rows('distance | bucket');
    expect(table.length).toBeGreaterThan(8);
    for (const [distance, bucket] of table) {
      expect(layout.bucket(distance!, 0, { kind: 'line' }), `distance ${distance}`).toBe(bucket);
    }
  });

  test('has the buckets of a grid', () => {
    const layout = gridLayout({ clip: 7, block: 2 });
    const table = rows('query | its cell | key | its cell | bucket');
    expect(table.length).toBeGreaterThan(4);
    for (const [query, row, column, key, keyRow, keyColumn, bucket] of table) {
      expect(cellOf(query!, 8, 2)).toEqual({ row, column });
      expect(cellOf(key!, 8, 2)).toEqual({ row: keyRow, column: keyColumn });
      expect(layout.bucket(query!, key!, { kind: 'grid', rows: 8, columns: 8 })).toBe(bucket);
    }
  });

  test('has the canonical form and the hashes', () => {
    const first = {
      ...example,
      marks: { ...example.marks, names: example.marks.names.slice(0, 5) },
      regions: example.regions.slice(0, 1),
    };
    expect(page).toContain(`\`\`\`canonical\n${canonicalJson(first)}\n\`\`\``);
    expect(page).toContain(`hashes to \`${canonicalHash(first)}\`. The whole`);
    expect(page).toContain(`hashes to \`${space.hash}\`. A bundle`);
  });
});
