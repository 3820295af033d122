import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError, openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import { fixtures, temporaryDirectory } from './families/any-to-any/fixture.test.kit.ts';
import type { CompileOptions, CompileProgress } from './options.ts';
import { openSafetensors } from './safetensors/file.ts';
import { type TensorToWrite, writeSafetensors } from './safetensors/write.ts';

const checkpoint = join(fixtures, 'all-on');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const path = (name: string): string => join(temporary.path, name);

describe('a checkpoint becomes a bundle', () => {
  test.each<CompileOptions>([
    {},
    { quantize: 'int8', tables: 'f16' },
    { quantize: 'f16' },
    { quantize: 'int4', block: 128, kv: 'int8' },
  ])('with %o', async (options) => {
    const out = path('bundle');
    const steps: CompileProgress[] = [];
    const manifest = await compile(checkpoint, out, {
      ...options,
      name: 'tiny',
      onProgress: (step) => steps.push(step),
    });
    const bundle = await openBundle(out); // checks every size, hash and reference
    expect(bundle.manifest).toEqual(manifest);
    expect(manifest.name).toBe('tiny');
    expect(bundle.manifest.decoder.kv).toBe(options.kv === 'int8' ? 'int8' : 'float32');
    expect(bundle.manifest.ports['text']?.table?.type).toBe(options.tables === 'f16' ? 'float16' : 'float32');
    expect((await readdir(out)).sort()).toEqual([...Object.keys(manifest.files), 'manifest.json'].sort());
    for (const [file, { sha256, bytes }] of Object.entries(manifest.files)) {
      const content = await readFile(join(out, file));
      expect({ file, bytes: content.length }).toEqual({ file, bytes });
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
    }
    const last = steps.at(-1)!;
    expect(last.done).toBe(last.total);
    expect(steps.every((step, i) => i === 0 || step.done >= steps[i - 1]!.done)).toBe(true);
  });

  test('the same checkpoint gives the same bytes', async () => {
    const first = await compile(checkpoint, path('first'), { name: 'same', quantize: 'int4', kv: 'int8' });
    const second = await compile(checkpoint, path('second'), { name: 'same', quantize: 'int4', kv: 'int8' });
    expect(second).toEqual(first);
  });

  test('tables are the embeddings, row by row', async () => {
    await compile(checkpoint, path('tables'));
    const reader = await openSafetensors(join(checkpoint, 'decoder.safetensors'));
    const expected = await reader.readBytes('ports.image.embedding');
    await reader.close();
    expect(Buffer.compare(await readFile(join(path('tables'), 'image.table.bin')), expected)).toBe(0);
  });

  test('an older bundle is replaced, and nothing is left beside it', async () => {
    const out = path('replaced');
    await compile(checkpoint, out, { version: '1.0.0' });
    await writeFile(join(out, 'left-over'), 'x');
    await compile(checkpoint, out, { version: '2.0.0' });
    expect((await openBundle(out)).manifest.version).toBe('2.0.0');
    expect(await readdir(out)).not.toContain('left-over');
    expect((await readdir(temporary.path)).filter((name) => name.includes('.partial'))).toEqual([]);
  });
});

describe('all or nothing', () => {
  test.each(['decoder.onnx', 'image.head.onnx', 'text.tiktoken'])(
    'stopped at %s there is no bundle',
    async (file) => {
      const out = path('stopped');
      const stop = new AbortController();
      const onProgress = (step: CompileProgress) => {
        if (step.file === file) stop.abort();
      };
      const error = await compile(checkpoint, out, { onProgress, signal: stop.signal }).catch(
        (thrown: unknown) => thrown,
      );
      expect(AnyToAnyError.is(error, 'ABORTED')).toBe(true);
      const beside = (await readdir(temporary.path)).filter((name) => name.startsWith('stopped'));
      // Nothing is complete when the first file is stopped.
      expect(beside).toEqual(file === 'decoder.onnx' ? [] : ['stopped.partial']);
      await rm(`${out}.partial`, { recursive: true, force: true });
    },
  );

  test('stopped, the older bundle stays', async () => {
    const out = path('kept');
    const manifest = await compile(checkpoint, out, { version: '1.0.0' });
    const compiling = compile(checkpoint, out, { kv: 'int8', signal: AbortSignal.abort() });
    await expect(compiling).rejects.toThrow(/ABORTED/);
    expect((await openBundle(out)).manifest).toEqual(manifest);
  });

  test('a directory of other files is not touched', async () => {
    const out = path('photos');
    await mkdir(out);
    await writeFile(join(out, 'cat.png'), 'x');
    await expect(compile(checkpoint, out)).rejects.toThrow(/OPTION_INVALID.*neither empty nor a bundle/);
    expect(await readdir(out)).toEqual(['cat.png']);
  });
});

describe('options', () => {
  test.each([
    ['OPTION_UNKNOWN', { quantise: 'int8' }],
    ['OPTION_INVALID', { quantize: 'int3' }],
    ['OPTION_INVALID', { block: 64 }],
    ['OPTION_INVALID', { kv: 'int4' }],
    ['OPTION_INVALID', { tables: 'int8' }],
    ['OPTION_INVALID', { version: '' }],
    ['OPTION_INVALID', { unconditional: 'none' }],
  ])('%s for %o', async (code, options) => {
    // The types forbid these; JavaScript callers are not stopped by them.
    const error = await compile(checkpoint, path('options'), options as CompileOptions).catch(
      (thrown: unknown) => thrown,
    );
    expect(AnyToAnyError.is(error) && error.code).toBe(code);
    expect(await readdir(temporary.path)).not.toContain('options');
  });

  test('calibration with an unknown port', async () => {
    const calibration = [[{ port: 'smell', ids: Uint32Array.of(1) }]];
    await expect(compile(checkpoint, path('options'), { kv: 'int8', calibration })).rejects.toThrow(
      /MODALITY_UNKNOWN/,
    );
  });

  test('calibration with an id that does not exist', async () => {
    const calibration = [[{ port: 'text', ids: Uint32Array.of(16) }]];
    await expect(compile(checkpoint, path('options'), { kv: 'int8', calibration })).rejects.toThrow(
      /ID_OUT_OF_RANGE/,
    );
  });

  test('calibration that is longer than the context', async () => {
    const calibration = [[{ port: 'text', ids: new Uint32Array(129) }]];
    await expect(compile(checkpoint, path('options'), { kv: 'int8', calibration })).rejects.toThrow(
      /CONTEXT_FULL/,
    );
  });
});

describe('a broken checkpoint', () => {
  /** A copy of the checkpoint with its decoder's tensors or its config changed. */
  async function broken(change: {
    readonly tensors?: (tensors: TensorToWrite[]) => TensorToWrite[];
    readonly config?: (config: Record<string, unknown>) => unknown;
    readonly text?: string;
  }): Promise<unknown> {
    const copy = path('broken');
    await cp(checkpoint, copy, { recursive: true });
    if (change.tensors) {
      const file = join(copy, 'decoder.safetensors');
      const reader = await openSafetensors(file);
      const tensors: TensorToWrite[] = [];
      for (const { name, dtype, shape } of reader.tensors.values()) {
        tensors.push({ name, dtype, shape, data: await reader.read(name) });
      }
      await reader.close();
      await writeSafetensors(file, change.tensors(tensors));
    }
    if (change.config) {
      const file = join(copy, 'config.json');
      await writeFile(file, JSON.stringify(change.config(JSON.parse(await readFile(file, 'utf8')))));
    }
    if (change.text !== undefined) await writeFile(join(copy, 'text.tiktoken'), change.text);
    const error = await compile(copy, path('never')).catch((thrown: unknown) => thrown);
    expect(await readdir(temporary.path)).not.toContain('never');
    return error;
  }

  const changed =
    (name: string, to: (tensor: TensorToWrite) => TensorToWrite) => (tensors: TensorToWrite[]) =>
      tensors.map((tensor) => (tensor.name === name ? to(tensor) : tensor));

  test('a tensor is missing', async () => {
    const error = await broken({ tensors: (all) => all.filter(({ name }) => name !== 'layers.1.lora.q.b') });
    expect(String(error)).toMatch(
      /CHECKPOINT_INVALID.*decoder.safetensors: tensor "layers.1.lora.q.b" is missing/,
    );
  });

  test('a tensor is left over', async () => {
    const more = {
      name: 'layers.2.norm.weight',
      dtype: 'F32',
      shape: [1],
      data: Float32Array.of(1),
    } as const;
    expect(String(await broken({ tensors: (all) => [...all, more] }))).toMatch(
      /CHECKPOINT_INVALID.*"layers.2.norm.weight" belongs to nothing/,
    );
  });

  test('a tensor has another shape', async () => {
    const tensors = changed('layers.0.feed_forward.down.weight', (tensor) => ({
      ...tensor,
      shape: [96, 48],
    }));
    expect(String(await broken({ tensors }))).toMatch(
      /CHECKPOINT_INVALID.*"layers.0.feed_forward.down.weight": expected \[48, 96\], found \[96, 48\]/,
    );
  });

  test('a tensor is not of floats', async () => {
    const tensors = changed('norm.weight', (tensor) => ({ ...tensor, dtype: 'I32' }));
    expect(String(await broken({ tensors }))).toMatch(
      /CHECKPOINT_INVALID.*"norm.weight": expected F32, F16, BF16 or F64, found I32/,
    );
  });

  test.each<[string, (config: Record<string, unknown>) => unknown, RegExp]>([
    [
      'another family',
      (config) => ({ ...config, family: 'parrot' }),
      /family: expected one of any-to-any, .* found "parrot"/,
    ],
    ['no family', () => 7, /family: expected one of any-to-any, .* found undefined/],
    ['a newer format', (config) => ({ ...config, format: 2 }), /format: /],
    ['an unknown field', (config) => ({ ...config, extra: 1 }), /extra/],
    ['a field is missing', ({ markCapacity: _, ...config }) => config, /markCapacity/],
    [
      'a flag is off',
      (config) => ({ ...config, decoder: { ...(config['decoder'] as object), buckets: false } }), // it is an object
      /"buckets.weight" belongs to nothing/,
    ],
    [
      'heads that the operator cannot do',
      (config) => ({ ...config, decoder: { ...(config['decoder'] as object), headWidth: 12 } }), // it is an object
      /decoder.headWidth: .*multiple of 16/,
    ],
    [
      'heads that do not divide',
      (config) => ({ ...config, decoder: { ...(config['decoder'] as object), kvHeads: 2 } }), // it is an object
      /multiple of kvHeads, found 3 and 2/,
    ],
  ])('the config: %s', async (_, config, message) => {
    const error = await broken({ config });
    expect(AnyToAnyError.is(error, 'CHECKPOINT_INVALID')).toBe(true);
    expect(String(error)).toMatch(message);
  });

  test('regions overlap', async () => {
    const error = await broken({
      config: (config) => {
        const [text, image] = config['modalities'] as object[]; // it is a list of two
        return { ...config, modalities: [text, { ...image, offset: 40 }] };
      },
    });
    expect(AnyToAnyError.is(error, 'REGION_OVERLAP')).toBe(true);
  });

  test('the vocabulary is too short', async () => {
    expect(String(await broken({ text: 'YQ== 0\n' }))).toMatch(
      /CHECKPOINT_INVALID.*expected 16 ranks, found 1/,
    );
  });

  test('the vocabulary skips a rank', async () => {
    const lines = Array.from({ length: 16 }, (_, rank) => `YQ== ${rank === 9 ? 10 : rank}`);
    expect(String(await broken({ text: lines.join('\n') }))).toMatch(/line 10: expected base64 and rank 9/);
  });

  test('there is no checkpoint', async () => {
    await expect(compile(path('nowhere'), path('never'))).rejects.toThrow(/CHECKPOINT_INVALID.*config.json/);
  });
});
