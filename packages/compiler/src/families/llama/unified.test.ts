import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTokenSpace, type Device, openBundle, openDevice, type Run } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { llamaFixtures, openCompiled, readRecorded } from './fixture.test.kit.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

interface Described {
  readonly marks: readonly { readonly name: string; readonly id?: number }[];
  readonly regions: readonly { readonly modality: string; readonly table: readonly number[] }[];
}

const checkpoint = join(llamaFixtures, 'unified');
const describedRegions = async (): Promise<Described> =>
  JSON.parse(await readFile(join(checkpoint, 'any-to-any.json'), 'utf8')) as Described; // the fixture's own form

test('ids of every port lead to the scores that transformers gives', async () => {
  const { marks, regions } = await describedRegions();
  const [text, image] = regions.map(({ table }) => table);
  const idOf = (name: string): number => marks.find((mark) => mark.name === name)!.id!;
  const { ids, logits } = await readRecorded('unified');
  const runs = [...ids].map((id): Run => {
    const mark = marks.findIndex((one) => one.id === id);
    if (mark !== -1) return { port: 'marks', ids: Uint32Array.of(mark) };
    const { modality, table } = regions.find((one) => one.table.includes(id))!;
    return { port: modality, ids: Uint32Array.of(table.indexOf(id)) };
  });
  expect(new Set(runs.map(({ port }) => port))).toEqual(new Set(['marks', 'text', 'image']));
  const engine = await openCompiled(device, checkpoint, join(temporary.path, 'unified'));
  const last = logits.subarray(-logits.length / ids.length);
  const scores = async (head: string) => {
    const [result] = await engine.append([{ sequence: engine.open(), runs, head }]);
    return result!.logits;
  };

  const closers = [idOf('</s>'), idOf('<img>')];
  const ofText = await scores('text');
  expect(ofText).toHaveLength(text!.length + 1);
  text!.forEach((id, local) => {
    if (closers.includes(id)) expect(ofText[local]).toBeLessThan(-1e29);
    else expect(ofText[local]).toBeCloseTo(last[id]!, 4);
  });
  expect(ofText.at(-1)).toBeCloseTo(Math.max(...closers.map((id) => last[id]!)), 4);

  const ofImage = await scores('image');
  image!.forEach((id, local) => {
    expect(ofImage[local]).toBeCloseTo(last[id]!, 4);
  });
  expect(ofImage.at(-1)).toBeCloseTo(last[idOf('</img>')]!, 4);

  const ofMarks = await scores('marks');
  marks.forEach(({ id }, mark) => {
    if (id !== undefined) expect(ofMarks[mark]).toBeCloseTo(last[id]!, 4);
  });
  const best = Math.max(...text!.filter((id) => !closers.includes(id)).map((id) => last[id]!));
  expect(ofMarks[marks.findIndex(({ name }) => name === '<txt>')]).toBeCloseTo(best, 4);
  await engine.close();
});

test('the space: ids of the checkpoint behind the marks, silent marks, and the tokenizer without foreign ids', async () => {
  const { regions } = await describedRegions();
  const out = join(temporary.path, 'space');
  const engine = await openCompiled(device, checkpoint, out);
  await engine.close();
  const { manifest } = await openBundle(out);
  const space = createTokenSpace(manifest.space);
  const { capacity, silent } = manifest.space.marks;
  expect(silent).toEqual(['<txt>', '</txt>']);
  expect(space.region('image').toGlobal(2)).toBe(capacity + regions[1]!.table[2]!);
  expect(manifest).toMatchObject({ name: 'unified', license: 'Apache-2.0' });
  expect(manifest.ports['image']?.tokenizer).toEqual({ plugin: 'pictures', options: { side: 2 } });
  expect(manifest.ports['text']?.tokenizer?.options).toMatchObject({ file: 'tokenizer.json', size: 104 });
  const json = JSON.parse(await readFile(join(out, 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number>; merges: string[][] };
  }; // a tokenizer.json
  expect(Object.values(json.model.vocab).sort((a, b) => a - b)).toEqual(regions[0]!.table.map((_, i) => i));
  expect(json.model.vocab['<image_0>']).toBeUndefined();
  expect(json.model.merges).toHaveLength(4);
});

describe('a broken any-to-any.json', () => {
  const broken = async (
    name: string,
    change: (regions: Record<string, unknown>) => unknown,
  ): Promise<string> => {
    const { cp, writeFile } = await import('node:fs/promises');
    const copy = join(temporary.path, name);
    await cp(checkpoint, copy, { recursive: true });
    const value = JSON.parse(await readFile(join(copy, 'any-to-any.json'), 'utf8')) as Record<
      string,
      unknown
    >; // an object
    await writeFile(join(copy, 'any-to-any.json'), JSON.stringify(change(value)));
    const compiled = openCompiled(device, copy, join(temporary.path, `${name}-out`));
    return String(await compiled.catch((error: unknown) => error));
  };
  const region = (value: Record<string, unknown>, change: object) => {
    const [text, image] = value['regions'] as object[]; // it has two
    return { ...value, regions: [text, { ...image, ...change }] };
  };

  test.each<[string, (value: Record<string, unknown>) => unknown, RegExp]>([
    ['an unknown field', (value) => ({ ...value, more: 1 }), /CHECKPOINT_INVALID.*more/],
    ['another format', (value) => ({ ...value, format: 2 }), /CHECKPOINT_INVALID.*format/],
    [
      'no place',
      (value) => region(value, { table: undefined }),
      /region image: expected either offset and size, or a table/,
    ],
    ['two places', (value) => region(value, { offset: 3 }), /region image: expected either/],
    [
      'an id too large',
      (value) => region(value, { table: [200] }),
      /region image: expected ids below 114.*found 200/,
    ],
    ['shared ids', (value) => region(value, { table: [5, 44] }), /REGION_OVERLAP.*share 1 ids/],
    ['a mark that is not there', (value) => region(value, { open: '<pic>' }), /SPACE_INVALID.*<pic>/],
    [
      'a file that is not there',
      (value) =>
        region(value, { tokenizer: { kind: 'plugin', plugin: 'p', options: {}, files: ['vq.onnx'] } }),
      /CHECKPOINT_INVALID.*vq.onnx/,
    ],
    [
      'a file elsewhere',
      (value) => region(value, { tokenizer: { kind: 'plugin', plugin: 'p', options: {}, files: ['../x'] } }),
      /CHECKPOINT_INVALID.*files/,
    ],
  ])('%s', async (name, change, message) => {
    expect(await broken(name.replaceAll(' ', '-'), change)).toMatch(message);
  });
});
