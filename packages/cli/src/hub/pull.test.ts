import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256, usePlace, weights } from './place.test.kit.ts';
import type { PullProgress } from './pull.ts';
import { commit } from './server.test.kit.ts';

const place = usePlace();

describe('a checkpoint is fetched', () => {
  test('config, tokenizer, licence and safetensors, once', async () => {
    const steps: PullProgress[] = [];
    const result = await place.fetchAll({ onProgress: (step) => steps.push(step) });
    const files = ['config.json', 'tokenizer.json', 'LICENSE', 'empty.txt', 'model.safetensors'];
    expect(result).toMatchObject({ commit, files, bytes: steps.at(-1)!.total, fetched: steps.at(-1)!.total });
    expect((await readdir(place.directory)).sort()).toEqual(['.pull', ...files].sort());
    expect(await readdir(join(place.directory, '.pull'))).toEqual(['record.json']);
    expect(await place.isWhole()).toBe(true);
    expect(await readFile(join(place.directory, 'empty.txt'))).toHaveLength(0);
    expect(steps.at(-1)).toMatchObject({ done: steps.at(-1)!.total });
    expect(steps.every((step, i) => i === 0 || step.done >= steps[i - 1]!.done)).toBe(true);

    place.hub.requests.length = 0;
    expect(await place.fetchAll()).toMatchObject({ fetched: 0 });
    expect(place.hub.requests.every(({ path }) => path.startsWith('/api/'))).toBe(true);
  });

  test('everything comes from the commit that the revision was at', async () => {
    await place.fetchAll({ revision: 'v1' });
    expect(place.hub.requests[0]!.path).toMatch(/revision\/v1\?/);
    const rest = place.hub.requests.slice(1).filter(({ at }) => at === 'hub');
    expect(rest.every(({ path }) => path.includes(commit))).toBe(true);
  });

  test('a file by its name, in a folder too', async () => {
    expect(await place.fetchAll({ files: ['onnx/model.onnx'] })).toMatchObject({
      files: ['onnx/model.onnx'],
    });
    expect(await readFile(join(place.directory, 'onnx/model.onnx'), 'utf8')).toBe('x');
    const error = await place.failure({ files: ['model.gguf'] });
    expect(error.message).toMatch(
      /^HUB_NOT_FOUND {2}owner\/tiny has no file "model.gguf". It has: config.json, /,
    );
  });

  test('a file that is there and another is fetched again', async () => {
    await place.fetchAll();
    await writeFile(join(place.directory, 'config.json'), '{"model_type":"other"}');
    expect(await place.fetchAll()).toMatchObject({ fetched: 22 });
    expect(await readFile(join(place.directory, 'config.json'), 'utf8')).toBe('{"model_type":"llama"}');
  });
});

describe('a download that breaks', () => {
  test('goes on by itself, from the byte where it was', async () => {
    Object.assign(place.hub.trouble, { breaks: 20, breakAfter: 20_000 });
    const { fetched, bytes } = await place.fetchAll();
    expect(fetched).toBe(bytes);
    expect(await place.isWhole()).toBe(true);
    const ranges = place.hub.rangesOf('model.safetensors');
    expect(ranges.length).toBeGreaterThan(10);
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range!))).toBe(true);
  });

  test('stopped, it keeps what it has, and the next call fetches the rest', async () => {
    const stop = new AbortController();
    place.hub.trouble.hangAfter = 100_000;
    const onProgress = ({ file, done }: PullProgress): void => {
      if (file === 'model.safetensors' && done > 90_000) stop.abort();
    };
    expect((await place.failure({ signal: stop.signal, onProgress })).code).toBe('ABORTED');
    const kept = (await readFile(place.partial())).length;
    expect(kept).toBeGreaterThan(50_000);
    expect(existsSync(join(place.directory, 'model.safetensors'))).toBe(false);
    delete place.hub.trouble.hangAfter;
    const steps: PullProgress[] = [];
    const { fetched } = await place.fetchAll({ onProgress: (step) => steps.push(step) });
    expect(fetched).toBe(weights.length - kept);
    expect(place.hub.rangesOf('model.safetensors')).toEqual([undefined, `bytes=${kept}-`]);
    expect(await place.isWhole()).toBe(true);
    expect(steps.at(-1)).toMatchObject({ done: steps.at(-1)!.total });
  });

  test('a server without ranges begins anew', async () => {
    place.hub.trouble.noRanges = true;
    Object.assign(place.hub.trouble, { breaks: 4, breakAfter: 30_000 });
    await place.fetchAll();
    expect(await place.isWhole()).toBe(true);
  });

  test('one that never gets on is an error, and what there is stays', async () => {
    await mkdir(join(place.directory, '.pull'), { recursive: true });
    await writeFile(place.partial(), weights.subarray(0, 7));
    Object.assign(place.hub.trouble, { breaks: 100, breakAfter: 0 });
    place.hub.files.delete('config.json');
    place.hub.files.delete('tokenizer.json');
    place.hub.files.delete('LICENSE');
    expect((await place.failure()).message).toMatch(/^HUB_UNREACHABLE {2}127.0.0.1:\d+ cannot be reached: /);
    expect(await readFile(place.partial())).toHaveLength(7);
  });

  test('a partial of another content is no beginning of this one', async () => {
    await mkdir(join(place.directory, '.pull'), { recursive: true });
    await writeFile(join(place.directory, '.pull', `${sha256(Buffer.from('old'))}.partial`), 'old');
    await place.fetchAll();
    expect(place.hub.rangesOf('model.safetensors')).toEqual([undefined]);
    expect(await readdir(join(place.directory, '.pull'))).toEqual(['record.json']);
  });
});

describe('what was sent is checked', () => {
  test.each(['model.safetensors', 'config.json'])('%s with another content', async (path) => {
    const wrong = Buffer.from(place.hub.files.get(path)!);
    wrong[9]! ^= 1;
    place.hub.trouble.wrong = new Map([[path, wrong]]);
    expect((await place.failure()).message).toMatch(
      `HUB_HASH_MISMATCH  ${path} of owner/tiny differs from its checksum`,
    );
    expect(existsSync(join(place.directory, path))).toBe(false);
    delete place.hub.trouble.wrong;
    await place.fetchAll();
    expect((await readFile(join(place.directory, path))).equals(place.hub.files.get(path)!)).toBe(true);
  });

  test('another size', async () => {
    place.hub.trouble.wrong = new Map([['model.safetensors', weights.subarray(5)]]);
    expect((await place.failure()).message).toMatch(
      /^HUB_INVALID .*model.safetensors has 299995 bytes, .* 300000/,
    );
  });

  test.each([
    '../config.json',
    '/etc/passwd',
    'a/../../b',
    'a\\b',
    'C:b',
    'a//b',
    '.pull/record.json',
    '',
    7,
    null,
  ])('a listed path %j', async (path) => {
    place.hub.trouble.listed = (own) => (own === 'README.md' ? (path ?? {}) : own);
    expect((await place.failure()).code).toBe('HUB_INVALID');
    expect(existsSync(place.directory)).toBe(false);
  });

  test('a folder that is a link to elsewhere', async () => {
    await mkdir(join(place.root, 'elsewhere'));
    await mkdir(place.directory);
    await symlink(join(place.root, 'elsewhere'), join(place.directory, 'onnx'));
    expect((await place.failure({ files: ['onnx/model.onnx'] })).message).toMatch(
      /^OPTION_INVALID .*leads out of/,
    );
    expect(await readdir(join(place.root, 'elsewhere'))).toEqual([]);
  });

  test('a link in place of a file is replaced, not followed', async () => {
    await mkdir(place.directory);
    await writeFile(join(place.root, 'mine'), 'mine');
    await symlink(join(place.root, 'mine'), join(place.directory, 'config.json'));
    await place.fetchAll();
    expect(await readFile(join(place.root, 'mine'), 'utf8')).toBe('mine');
  });
});
