import { spawnSync } from 'node:child_process';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CompileOptions } from './options.ts';

// The built one: `tsc -b` comes before, as in `npm test`.
const kit = fileURLToPath(new URL('../dist/memory.test.kit.js', import.meta.url));
const largest = 128 * 2 ** 20;
const width = 1024;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-memory-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A text model of two layers, 290 MB in three shards; its table and its head have the `largest` bytes each. */
async function writeCheckpoint(directory: string, dtype: 'BF16' | 'F32'): Promise<void> {
  const rows = largest / width / (dtype === 'F32' ? 4 : 2);
  const shapes = new Map([['model.norm.weight', [width]]]);
  for (const layer of ['model.layers.0', 'model.layers.1']) {
    shapes.set(`${layer}.input_layernorm.weight`, [width]);
    shapes.set(`${layer}.post_attention_layernorm.weight`, [width]);
    for (const part of ['q', 'o']) shapes.set(`${layer}.self_attn.${part}_proj.weight`, [width, width]);
    for (const part of ['k', 'v']) shapes.set(`${layer}.self_attn.${part}_proj.weight`, [256, width]);
    for (const part of ['gate', 'up']) shapes.set(`${layer}.mlp.${part}_proj.weight`, [2 * width, width]);
    shapes.set(`${layer}.mlp.down_proj.weight`, [width, 2 * width]);
  }
  const shards = [
    new Map([['model.embed_tokens.weight', [rows, width]]]),
    new Map([['lm_head.weight', [rows, width]]]),
    shapes,
  ];
  const files: Record<string, string> = {};
  for (const [index, shard] of shards.entries()) {
    const file = `model-${index}.safetensors`;
    await writeShard(join(directory, file), dtype, shard);
    for (const name of shard.keys()) files[name] = file;
  }
  await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({ weight_map: files }));
  const config = {
    model_type: 'llama',
    vocab_size: rows,
    hidden_size: width,
    intermediate_size: 2 * width,
    num_hidden_layers: 2,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    max_position_embeddings: 512,
  };
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  const regions = {
    format: 1,
    marks: ['<s>', '</s>', '<t>', '</t>'].map((name, id) => ({ name, id })),
    begin: '<s>',
    end: '</s>',
    regions: [
      {
        modality: 'text',
        open: '<t>',
        close: '</t>',
        offset: 4,
        size: rows - 4,
        layout: { kind: 'line', buckets: 32, maxDistance: 128 },
        tokenizer: { kind: 'plugin', plugin: 'words', options: {}, files: [] },
      },
    ],
  };
  await writeFile(join(directory, 'any-to-any.json'), JSON.stringify(regions));
}

/** Small numbers of both signs, over and over. */
async function writeShard(
  path: string,
  dtype: 'BF16' | 'F32',
  shapes: ReadonlyMap<string, number[]>,
): Promise<void> {
  const header: Record<string, object> = {};
  let end = 0;
  for (const [name, shape] of shapes) {
    const begin = end;
    end += shape.reduce((product, side) => product * side, 1) * (dtype === 'F32' ? 4 : 2);
    header[name] = { dtype, shape, data_offsets: [begin, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const values = new Float32Array(1 << 20).map((_, i) => Math.sin(i) / 50);
  const halves = new Uint16Array(values.buffer).filter((_, i) => i % 2 === 1); // the upper halves
  const pattern = Buffer.from(dtype === 'F32' ? values.buffer : halves.buffer);
  const file = await open(path, 'w');
  await file.appendFile(Buffer.concat([length, json]));
  for (; end > 0; end -= pattern.length)
    await file.appendFile(pattern.subarray(0, Math.min(end, pattern.length)));
  await file.close();
}

test.each<['BF16' | 'F32', CompileOptions]>([
  ['BF16', { quantize: 'int8' }],
  ['F32', { quantize: 'f16', tables: 'f16' }],
  ['F32', {}],
])('%s with %o takes less than twice the largest tensor', { timeout: 240_000 }, async (dtype, options) => {
  const directory = await mkdtemp(join(root, 'checkpoint-'));
  await writeCheckpoint(directory, dtype);
  const args = [kit, directory, `${directory}-out`, JSON.stringify(options)];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  await Promise.all(
    [directory, `${directory}-out`].map((path) => rm(path, { recursive: true, force: true })),
  );
  expect(stderr).toBe('');
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout) / largest).toBeLessThan(2);
});
