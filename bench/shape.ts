/** The shape that is measured: a plain decoder of 12 layers × 768, as small language models have it. */
export const shape = {
  width: 768,
  layers: 12,
  heads: 12,
  kvHeads: 12,
  headWidth: 64,
  feedForward: 2048,
  context: 2048,
  vocabulary: 16384,
  ropeTheta: 10000,
  normEpsilon: 1e-6,
} as const;

/** Weight storage × cache storage. Block 32 everywhere. */
export const variants = [
  { name: 'int4, KV f32', quantize: 'int4', kv: 'f32' },
  { name: 'int4, KV int8', quantize: 'int4', kv: 'int8' },
  { name: 'int8, KV f32', quantize: 'int8', kv: 'f32' },
  { name: 'fp32, KV f32', quantize: 'none', kv: 'f32' },
] as const;

export type Variant = (typeof variants)[number];
