/**
 * Causal attention over keys and values that the runtime keeps in place: ONNX Runtime's GroupQueryAttention, which
 * rotates queries and keys, writes the new rows into the cache and attends, in one operator.
 */
import { AnyToAnyError } from '@any-to-any/core';
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { type HeadNorm, headNorm } from './norm.ts';

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
}

/** Scales of an int8 cache, one per key (value) head and channel: `[kvHeads * headWidth]`. */
export interface KvScales {
  readonly key: Float32Array;
  readonly value: Float32Array;
}

/** What all layers share: the inputs of the graph and tables made from them. */
export interface AttentionInputs {
  /** i32 `[batch]`: the index of the last position of this step. */
  readonly last: Value;
  /** i32: the length of the cache's buffers, the same in every step. */
  readonly capacity: Value;
  /** i64 `[batch, positions]`, and the tables it looks up. Absent: nothing is rotated. */
  readonly positions?: Value | undefined;
  readonly cosines?: Value | undefined;
  readonly sines?: Value | undefined;
  /** `[batch, heads or 1, positions, capacity]`, added to the scores. */
  readonly bias?: Value | undefined;
}

export interface CachedAttention {
  readonly shape: AttentionShape;
  readonly inputs: AttentionInputs;
  readonly layer: number;
  /** Norms of queries and keys per head. */
  readonly norms?: { readonly query: HeadNorm; readonly key: HeadNorm } | undefined;
  /** Absent: the cache is float32. */
  readonly scales?: KvScales | undefined;
}

/** `packed [batch, positions, (heads + 2 kvHeads) * headWidth]`, queries | keys | values → `[.., heads * headWidth]`. */
export function cachedAttention(build: Build, packed: Value, attention: CachedAttention): Value {
  return attendCached(build, split(build, packed, attention), attention).result;
}

/** Queries, keys and values apart, or packed in the first. `keys` is the cache after this step, its first `last + 1` rows filled. */
export function attendCached(
  build: Build,
  [query, key, value]: readonly [Value, Value?, Value?],
  attention: CachedAttention,
): { readonly result: Value; readonly keys: Value } {
  const { graph } = build;
  const { shape, inputs, layer, scales } = attention;
  const { heads, kvHeads, headWidth } = shape;
  const type = scales === undefined ? 'f32' : 'i8';
  const cache = ['batch', kvHeads, 'capacity', headWidth];
  const pastKey = graph.input(`past_key_${layer}`, type, cache);
  const pastValue = graph.input(`past_value_${layer}`, type, cache);
  const { last, capacity, cosines, sines, positions, bias } = inputs;
  const quantized = scales && quantizedCache(build, attention, scales);
  const [result, presentKey, presentValue] = graph.ops(
    'GroupQueryAttention',
    [
      query,
      key,
      value,
      pastKey,
      pastValue,
      last,
      capacity,
      cosines,
      sines,
      positions,
      bias,
      undefined,
      quantized?.key,
      quantized?.value,
    ],
    {
      num_heads: heads,
      kv_num_heads: kvHeads,
      do_rotary: cosines === undefined ? 0 : 1,
      ...quantized?.attributes,
    },
    [undefined, `present_key_${layer}`, `present_value_${layer}`] as const,
  );
  graph.output(presentKey, type, cache);
  graph.output(presentValue, type, cache);
  return { result, keys: presentKey };
}

/** Without norms the operator takes all three packed in one; the norms need them apart. */
function split(build: Build, packed: Value, { shape, norms }: CachedAttention): [Value, Value?, Value?] {
  if (norms === undefined) return [packed];
  const { graph } = build;
  const { heads, kvHeads, headWidth } = shape;
  const sizes = graph.integers([heads * headWidth, kvHeads * headWidth, kvHeads * headWidth]);
  const [query, key, value] = graph.ops('Split', [packed, sizes], { axis: -1 }, [
    undefined,
    undefined,
    undefined,
  ] as const);
  return [headNorm(build, query, heads, norms.query), headNorm(build, key, kvHeads, norms.key), value];
}

function quantizedCache({ graph }: Build, { shape, layer }: CachedAttention, scales: KvScales) {
  const { kvHeads, headWidth } = shape;
  const constant = (name: string, values: Float32Array): Value => {
    if (values.length !== kvHeads * headWidth || values.some((scale) => !(scale > 0))) {
      throw new AnyToAnyError(
        'SHAPE_MISMATCH',
        `Layer ${layer}: expected ${kvHeads * headWidth} positive ${name} scales, got ${values.length}.`,
      );
    }
    return graph.floats(`layers.${layer}.attention.${name}.scales`, [1, kvHeads, 1, headWidth], values);
  };
  return {
    key: constant('key', scales.key),
    value: constant('value', scales.value),
    attributes: { k_quant_type: 'PER_CHANNEL', v_quant_type: 'PER_CHANNEL', kv_cache_bit_width: 8 },
  };
}
