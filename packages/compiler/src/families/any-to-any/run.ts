/**
 * Runs one sequence through a compiled decoder with its cache in place: for calibration and for tests.
 * The engine of `core` is what applications use; this one only shows what the cache holds.
 */
import type { Device, ElementType, Memory, NativeTensor } from '@any-to-any/core';
import { type DecoderPlan, usesModality } from './decoder.ts';

/** Consecutive positions, beginning where the last ones ended. */
export interface Positions {
  /** `[count, width]`. */
  readonly embeds: Float32Array;
  /** `[count]`. */
  readonly modality: Int32Array;
  /** `[count, context]`. */
  readonly buckets: Int32Array;
}

export interface DecoderRunner {
  /** Hidden states `[count, width]`; the array belongs to the caller. */
  append(positions: Positions, signal?: AbortSignal): Promise<Float32Array>;
  /** Makes the next positions follow the first `length` ones. */
  truncate(length: number): void;
  /** What the cache holds now: `[kvHeads, context, headWidth]`. */
  cache(layer: number, part: 'key' | 'value'): Float32Array | Int8Array;
  close(): void;
}

export async function openRunner(
  device: Device,
  path: string,
  plan: DecoderPlan,
  kv: 'float32' | 'int8',
): Promise<DecoderRunner> {
  const session = await device.openSession(path);
  const { context, width } = plan;
  const cacheDims = [1, plan.kvHeads, context, plan.headWidth];
  const memories: Memory[] = [];
  const allocate = (bytes: number): Memory => {
    const memory = device.allocate(bytes);
    memories.push(memory);
    return memory;
  };
  const cache = new Map<string, { memory: Memory; tensor: NativeTensor }>();
  for (let layer = 0; layer < plan.layers; layer++) {
    for (const part of ['key', 'value']) {
      const memory = allocate(plan.kvHeads * context * plan.headWidth * (kv === 'int8' ? 1 : 4));
      cache.set(`${part}_${layer}`, { memory, tensor: device.tensor(memory, kv, cacheDims) });
    }
  }
  let length = 0;

  const run = async (positions: Positions, signal: AbortSignal | undefined): Promise<Float32Array> => {
    const count = positions.modality.length;
    const binding = session.createBinding();
    const bound: { tensor: NativeTensor; memory: Memory }[] = [];
    const bind = (type: ElementType, dims: readonly number[], data: ArrayBufferView): NativeTensor => {
      const memory = device.allocate(data.byteLength);
      memory.view('uint8').set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      const tensor = device.tensor(memory, type, dims);
      bound.push({ tensor, memory });
      return tensor;
    };
    try {
      const order = BigInt64Array.from({ length: count }, (_, i) => BigInt(length + i));
      binding.input('embeds', bind('float32', [1, count, width], positions.embeds));
      binding.input('positions', bind('int64', [1, count], order));
      binding.input('last', bind('int32', [1], Int32Array.of(length + count - 1)));
      binding.input('capacity', bind('int32', [], Int32Array.of(context)));
      if (usesModality(plan)) binding.input('modality', bind('int32', [1, count], positions.modality));
      if (plan.buckets) binding.input('buckets', bind('int32', [1, count, context], positions.buckets));
      for (const [name, { tensor }] of cache) {
        binding.input(`past_${name}`, tensor);
        binding.output(`present_${name}`, tensor);
      }
      binding.output('hidden', bind('float32', [1, count, width], new Float32Array(count * width)));
      await binding.run(signal);
      length += count;
      return bound.at(-1)!.memory.view('float32').slice();
    } finally {
      binding.close();
      for (const { tensor, memory } of bound) {
        tensor.dispose();
        memory.free();
      }
    }
  };

  return {
    append: run,
    truncate(to) {
      length = to;
    },
    cache: (layer, part) => cache.get(`${part}_${layer}`)!.memory.view(kv),
    close() {
      for (const { tensor } of cache.values()) tensor.dispose();
      for (const memory of memories) memory.free();
      session.close();
    },
  };
}
