import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AnyToAnyError, openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compile } from '../compile.ts';
import { fixtures, temporaryDirectory } from '../families/any-to-any/fixture.test.kit.ts';
import type { CompileOptions, CompileProgress } from '../options.ts';

// As a process it is the built one: `tsc -b` comes before, as in `npm test`.
const killed = fileURLToPath(new URL('../../dist/work/killed.test.kit.js', import.meta.url));
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let checkpoint: string;
let out: string;
let count = 0;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  const folder = join(temporary.path, `${count++}`);
  [checkpoint, out] = [join(folder, 'tiny'), join(folder, 'out')];
  await cp(join(fixtures, 'all-on'), checkpoint, { recursive: true });
});

const options: CompileOptions = { quantize: 'int4', kv: 'int8', name: 'tiny' };

/** File → content as hexadecimal digits. */
async function contentOf(directory: string): Promise<Record<string, string>> {
  const files = (await readdir(directory)).sort();
  const entries = files.map(async (file) => [file, (await readFile(join(directory, file))).toString('hex')]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>; // pairs of texts
}

/** A compile that is stopped at the first sign of `file`. */
async function stopAt(file: string, more: CompileOptions = options): Promise<unknown> {
  const stop = new AbortController();
  const onProgress = (step: CompileProgress) => step.file === file && stop.abort();
  const error = await compile(checkpoint, out, { ...more, onProgress, signal: stop.signal }).catch(
    (thrown: unknown) => thrown,
  );
  expect(AnyToAnyError.is(error, 'ABORTED')).toBe(true);
  return error;
}

/** What an uninterrupted compile writes. */
async function expected(more: CompileOptions = options): Promise<Record<string, string>> {
  await compile(checkpoint, `${out}-whole`, more);
  return contentOf(`${out}-whole`);
}

/** How many bytes of an earlier compile the next one uses. */
async function keptBy(more: CompileOptions = options): Promise<number> {
  let kept = 0;
  await compile(checkpoint, out, { ...more, onProgress: (step) => (kept = step.kept) });
  expect(existsSync(`${out}.partial`)).toBe(false);
  return kept;
}

test('killed again and again it gets there, with the same bytes', { timeout: 240_000 }, async () => {
  const run = (...more: string[]) =>
    spawnSync(process.execPath, [killed, checkpoint, out, JSON.stringify(options), ...more], {
      encoding: 'utf8',
    });
  const bundle = join(`${out}.partial`, 'bundle');
  const runs: (string | null)[] = [];
  const times = new Map<string, bigint>();
  for (let previous = 0; runs.length < 4; ) {
    const { signal, stderr } = run();
    expect([signal, stderr]).toEqual(['SIGKILL', '']);
    runs.push(signal);
    const journal = (await readFile(join(`${out}.partial`, 'journal'), 'utf8')).match(/"output"/g) ?? [];
    expect(journal.length).toBeGreaterThan(previous);
    previous = journal.length;
    const { mtimeNs } = await stat(join(bundle, 'decoder.onnx.data'), { bigint: true });
    times.set('decoder', times.get('decoder') ?? mtimeNs);
    expect(times.get('decoder')).toBe(mtimeNs); // complete since the first run, and left alone
    expect(existsSync(out)).toBe(false);
  }
  const { stdout, stderr } = run('whole');
  expect([Number(stdout) > 0, stderr]).toEqual([true, '']);
  expect(existsSync(`${out}.partial`)).toBe(false);
  expect(await contentOf(out)).toEqual(await expected());
  await openBundle(out);
});

test('stopped, it goes on with what is complete; what was only begun is written again', async () => {
  await stopAt('image.head.onnx');
  const bundle = join(`${out}.partial`, 'bundle');
  await writeFile(join(bundle, 'left-over'), 'x');
  await mkdir(join(bundle, 'calibration'));
  expect(await keptBy()).toBeGreaterThan(0);
  expect(await contentOf(out)).toEqual(await expected());
});

test('the scales of the cache are not measured again', async () => {
  await stopAt('decoder.onnx');
  const journal = join(`${out}.partial`, 'journal');
  const lines = (await readFile(journal, 'utf8')).split('\n');
  const scales = lines.findIndex((line) => line.startsWith('{"kept":"scales"'));
  const { numbers } = JSON.parse(lines[scales]!) as { numbers: number[][] }; // as it was written
  lines[scales] = JSON.stringify({ kept: 'scales', numbers: numbers.map((row) => row.map(() => 0.5)) });
  await writeFile(journal, lines.join('\n'));
  await compile(checkpoint, out, options);
  expect((await contentOf(out))['decoder.onnx']).not.toBe((await expected())['decoder.onnx']);
});

describe('it begins anew', () => {
  test.each<[string, CompileOptions]>([
    ['another quantisation', { ...options, quantize: 'int8' }],
    ['another name', { ...options, name: 'other' }],
    ['calibration', { ...options, calibration: [[{ port: 'text', ids: Uint32Array.of(1, 2) }]] }],
  ])('for %s', async (_, more) => {
    await stopAt('text.tiktoken');
    expect(await keptBy(more)).toBe(0);
    expect(await contentOf(out)).toEqual(await expected(more));
  });

  test('for a checkpoint with another time, or a file more', async () => {
    await stopAt('text.tiktoken');
    await utimes(join(checkpoint, 'decoder.safetensors'), 1, 1);
    expect(await keptBy()).toBe(0);
    await stopAt('text.tiktoken');
    await writeFile(join(checkpoint, 'more.json'), '{}');
    expect(await keptBy()).toBe(0);
    await stopAt('text.tiktoken');
    await mkdir(join(checkpoint, '.pull'));
    expect(await keptBy()).toBeGreaterThan(0);
  });

  test('for another checkpoint with the same target', async () => {
    await stopAt('text.tiktoken');
    await rename(checkpoint, `${checkpoint}-moved`);
    checkpoint = `${checkpoint}-moved`;
    expect(await keptBy()).toBe(0);
  });

  test('with a file that is not as long as the journal says', async () => {
    await stopAt('text.tiktoken');
    const whole = await keptBy();
    await rm(out, { recursive: true });
    await stopAt('text.tiktoken');
    await truncate(join(`${out}.partial`, 'bundle', 'decoder.onnx.data'), 100);
    expect(await keptBy()).toBeLessThan(whole);
    expect(await contentOf(out)).toEqual(await expected());
  });

  test('with a journal that is none', async () => {
    await stopAt('text.tiktoken');
    await writeFile(join(`${out}.partial`, 'journal'), '{"identity"');
    expect(await keptBy()).toBe(0);
  });
});

test('a checkpoint that turns out wrong leaves nothing', async () => {
  await stopAt('text.tiktoken');
  await writeFile(join(checkpoint, 'text.tiktoken'), 'x');
  await expect(compile(checkpoint, out, options)).rejects.toThrow(/CHECKPOINT_INVALID/);
  expect(await readdir(join(out, '..'))).toEqual(['tiny']);
});

test('a checkpoint that changes meanwhile', async () => {
  const onProgress = async () => writeFile(join(checkpoint, 'config.json'), '{}');
  await expect(compile(checkpoint, out, { onProgress })).rejects.toThrow(
    /CHECKPOINT_INVALID.*changed while it was read/,
  );
});

describe('the older bundle', () => {
  test('is there again after a kill in the middle of the exchange', async () => {
    const manifest = await compile(checkpoint, out, { version: '1.0.0' });
    await mkdir(`${out}.partial`);
    await rename(out, join(`${out}.partial`, 'old'));
    await rm(join(checkpoint, 'decoder.safetensors'));
    await expect(compile(checkpoint, out)).rejects.toThrow(/CHECKPOINT_INVALID/);
    expect((await openBundle(out)).manifest).toEqual(manifest);
  });

  test('is gone after a kill behind it', async () => {
    await compile(checkpoint, out, { version: '1.0.0' });
    await cp(out, join(`${out}.partial`, 'old'), { recursive: true });
    await compile(checkpoint, out, { version: '2.0.0' });
    expect((await openBundle(out)).manifest.version).toBe('2.0.0');
    expect(existsSync(`${out}.partial`)).toBe(false);
  });
});

test('files of others beside the target stay', async () => {
  await mkdir(`${out}.partial`);
  await writeFile(join(`${out}.partial`, 'notes'), 'mine');
  await compile(checkpoint, out);
  expect(await readdir(`${out}.partial`)).toEqual(['notes']);
});

test('of two at once one does the work and the other says so', async () => {
  const results = await Promise.allSettled([
    compile(checkpoint, out, options),
    compile(checkpoint, out, { ...options, quantize: 'int8' }),
  ]);
  const [lost] = results.filter((result) => result.status === 'rejected');
  expect(String(lost?.reason)).toMatch(/TARGET_BUSY {2}Process \d+ on .* is writing .*out\. Wait/);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await openBundle(out);
  expect((await readdir(join(out, '..'))).sort()).toEqual(['out', 'tiny']);
});
