/** Checkpoints that mean harm, or look as if: what is not a tensor, or makes the compiler reach for more than it should. */
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import { temporaryDirectory } from './families/any-to-any/fixture.test.kit.ts';
import { llamaFixtures } from './families/llama/fixture.test.kit.ts';
import type { CompileOptions } from './options.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let root: string;
let checkpoint: string;
let count = 0;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());
beforeEach(async () => {
  root = join(temporary.path, `${count++}`);
  checkpoint = join(root, 'tiny');
  await cp(join(llamaFixtures, 'qwen2'), checkpoint, { recursive: true });
});

const compiled = (from = checkpoint, options: CompileOptions = {}) =>
  compile(from, join(root, 'out'), options);
const refused = async (from = checkpoint, options: CompileOptions = {}): Promise<string> => {
  const error = await compiled(from, options).catch((thrown: unknown) => thrown);
  expect(AnyToAnyError.is(error)).toBe(true);
  expect(await readdir(root)).not.toContain('out');
  return String(error);
};
const config = async (change: object): Promise<void> => {
  const path = join(checkpoint, 'config.json');
  const before = JSON.parse(await readFile(path, 'utf8')) as object; // a config
  await writeFile(path, JSON.stringify({ ...before, ...change }));
};

describe('pickles', () => {
  test.each(['pytorch_model.bin', 'consolidated.00.pth', 'model.pt', 'last.ckpt'])(
    'only %s',
    async (file) => {
      await rename(join(checkpoint, 'model.safetensors'), join(checkpoint, file));
      expect(await refused()).toMatch(
        new RegExp(
          `CHECKPOINT_INVALID.*${file}: expected safetensors, found a pickle.*python -c .*save_file`,
        ),
      );
      await rm(join(checkpoint, 'config.json'));
      await rm(join(checkpoint, 'cases.safetensors')); // alone and without a config it would be a SwinIR
      expect(await refused()).toMatch(/expected safetensors, found a pickle/);
      expect(await refused(join(checkpoint, file))).toMatch(/expected safetensors, found a pickle/);
    },
  );

  test('beside safetensors they are no matter', async () => {
    await writeFile(join(checkpoint, 'pytorch_model.bin'), 'x');
    await compiled();
  });
});

describe('links', () => {
  test.each(['model.safetensors', 'tokenizer.json', 'config.json'])(
    '%s is one to elsewhere',
    async (file) => {
      await rename(join(checkpoint, file), join(root, file));
      await symlink(join(root, file), join(checkpoint, file));
      expect(await refused()).toMatch(
        new RegExp(`CHECKPOINT_INVALID.*${file}: it is a link to .*${file}, outside of the checkpoint`),
      );
    },
  );

  test('inside the checkpoint they are fine, and so is one to nothing that is not needed', async () => {
    await rename(join(checkpoint, 'tokenizer.json'), join(checkpoint, 'words.json'));
    await symlink('words.json', join(checkpoint, 'tokenizer.json'));
    await symlink('/nowhere', join(checkpoint, 'old.json'));
    await compiled();
  });

  test("the hub's cache is made of them", async () => {
    const cache = join(root, 'models--owner--tiny');
    const snapshot = join(cache, 'snapshots', 'c0ffee');
    await mkdir(snapshot, { recursive: true });
    await rename(checkpoint, join(cache, 'blobs'));
    for (const file of await readdir(join(cache, 'blobs'))) {
      await symlink(join('..', '..', 'blobs', file), join(snapshot, file));
    }
    await compiled(snapshot);
    await symlink('/etc/hostname', join(snapshot, 'hostname'));
    await rm(join(root, 'out'), { recursive: true });
    expect(await refused(snapshot)).toMatch(/hostname: it is a link to/);
  });
});

describe('sizes', () => {
  test.each([
    [{ num_hidden_layers: 1e9 }, /layers: expected at most 10000, found 1000000000/],
    [{ max_position_embeddings: 1e12 }, /context: expected at most 16777216, found 1000000000000/],
    [{ vocab_size: 2 ** 40 }, /embed_tokens.weight": expected \[1099511627776, 80\], found \[104, 80\]/],
  ])('%o', async (change, message) => {
    await config(change);
    expect(await refused()).toMatch(message);
  });

  test('an architecture that is not known', async () => {
    await config({ model_type: 'gpt_neox' });
    expect(await refused()).toMatch(/CHECKPOINT_INVALID.*model_type: one of llama, .*found "gpt_neox"/);
  });
});

describe('GGUF', () => {
  const model = join(llamaFixtures, '../gguf/model.gguf');

  /** The file with the bytes at the first place of `needle` changed. */
  async function patched(needle: Buffer, change: (bytes: Buffer, at: number) => void): Promise<string> {
    const bytes = await readFile(model);
    change(bytes, bytes.indexOf(needle));
    const path = join(root, 'patched.gguf');
    await writeFile(path, bytes);
    return path;
  }

  test('a scale that is no number', async () => {
    // The last tensors of the file are quantised; 0x7e00 is a half that is no number.
    const bytes = await readFile(model);
    const path = join(root, 'scale.gguf');
    for (let at = bytes.length - 2000; at < bytes.length; at += 2) bytes.writeUInt16LE(0x7e00, at);
    await writeFile(path, bytes);
    expect(await refused(path)).toMatch(/CHECKPOINT_INVALID.*expected finite values, found NaN/);
  });

  test('a table without rows', async () => {
    const path = await patched(Buffer.from('token_embd.weight'), (bytes, at) => {
      // After the name: the number of sides, then the sides, the fastest first.
      bytes.writeBigUInt64LE(0n, at + 'token_embd.weight'.length + 4 + 8);
    });
    expect(await refused(path)).toMatch(/CHECKPOINT_INVALID.*embedding table: expected at least one row/);
  });

  test('sides whose product is beyond any file', async () => {
    const path = await patched(Buffer.from('token_embd.weight'), (bytes, at) => {
      bytes.writeBigUInt64LE(2n ** 52n, at + 'token_embd.weight'.length + 4 + 8);
    });
    expect(await refused(path)).toMatch(/"token_embd.weight" ends at byte .*but the file has/);
  });

  test('more layers than there are tensors for', async () => {
    const path = await patched(Buffer.from('llama.block_count'), (bytes, at) => {
      bytes.writeUInt32LE(4_000_000_000, at + 'llama.block_count'.length + 4);
    });
    expect(await refused(path)).toMatch(/layers: expected at most 10000, found 4000000000/);
  });
});
