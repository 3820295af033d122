/**
 * The four parts that tell a layer which modality a position has; each is on or off in the config.
 * `modality [batch, positions]`: 0 for marks, then the modalities in the config's order.
 */
import { type Build, weight } from '../../blocks/build.ts';
import type { Value } from '../../onnx/graph.ts';
import type { DecoderPlan } from './decoder.ts';

export interface MixIn {
  readonly build: Build;
  readonly plan: DecoderPlan;
  readonly modality: Value;
  /** Prefix of the layer's tensors. */
  readonly layer: string;
}

/** A row of `table` for every position: `[batch, positions, width]`. */
function perPosition({ build, modality }: MixIn, table: Value): Value {
  return build.graph.op('Gather', [table, modality]);
}

/** `sigmoid(x · direction + gate[m]) * embedding[m]`, to be added to x. */
export function typeEmbedding(mixIn: MixIn, x: Value): Value {
  const { build, plan, layer } = mixIn;
  const { graph, weights } = build;
  const { width, modalities } = plan;
  const direction = graph.initializer(
    `${layer}.type.direction`,
    'f32',
    [width, 1],
    weights(`${layer}.type.direction`, [width]),
  );
  const gate = graph.initializer(
    `${layer}.type.gate`,
    'f32',
    [modalities, 1],
    weights(`${layer}.type.gate`, [modalities]),
  );
  const embedding = weight(build, `${layer}.type.embedding`, [modalities, width]);
  const score = graph.op('Add', [graph.op('MatMul', [x, direction]), perPosition(mixIn, gate)]);
  return graph.op('Mul', [perPosition(mixIn, embedding), graph.op('Sigmoid', [score])]);
}

/** Alpha over rank, as the family is trained. */
export const loraFactor = 2;

/**
 * `2 (x A[m]) B[m]` for queries and keys, zeros for values, to be added to the packed `[.., (heads + 2 kvHeads) * headWidth]`.
 * All modalities' A stand side by side in one matrix; a mask by modality keeps the columns of its own.
 */
export function conditionalLora(mixIn: MixIn, x: Value): Value {
  const { build, plan, layer } = mixIn;
  const { graph, weights } = build;
  const { width, modalities, loraRank: rank, heads, kvHeads, headWidth } = plan;
  const half = modalities * rank;
  const outputs = { q: heads * headWidth, k: kvHeads * headWidth };
  const packed = outputs.q + 2 * outputs.k;
  const a = ['q', 'k'].map((to) => weights(`${layer}.lora.${to}.a`, [modalities, width, rank]));
  const b = (['q', 'k'] as const).map((to) =>
    weights(`${layer}.lora.${to}.b`, [modalities, rank, outputs[to]]),
  );
  const down = graph.initializer(`${layer}.lora.a`, 'f32', [width, 2 * half], async () => {
    const joined = new Float32Array(width * 2 * half);
    for (const [part, load] of a.entries()) {
      (await load()).forEach((value, i) => {
        const [m, d, r] = [Math.floor(i / rank / width), Math.floor(i / rank) % width, i % rank];
        joined[d * 2 * half + part * half + m * rank + r] = value;
      });
    }
    return joined;
  });
  const up = graph.initializer(`${layer}.lora.b`, 'f32', [2 * half, packed], async () => {
    const joined = new Float32Array(2 * half * packed);
    for (const [part, load] of b.entries()) {
      const values = await load();
      const columns = values.length / half;
      for (let row = 0; row < half; row++) {
        const from = row * columns;
        joined.set(values.subarray(from, from + columns), (part * half + row) * packed + part * outputs.q);
      }
    }
    return joined;
  });
  const mask = graph.initializer('lora.mask', 'f32', [modalities, 2 * half], () =>
    Float32Array.from({ length: modalities * 2 * half }, (_, i) =>
      Math.floor((i % half) / rank) === Math.floor(i / (2 * half)) ? loraFactor : 0,
    ),
  );
  const inner = graph.op('Mul', [graph.op('MatMul', [x, down]), perPosition(mixIn, mask)]);
  return graph.op('MatMul', [inner, up]);
}

/** Multiplies each head of `attended` by `2 sigmoid(h · direction[:, head] + bias[m, head])`. */
export function headScale(mixIn: MixIn, h: Value, attended: Value): Value {
  const { build, plan, layer } = mixIn;
  const { graph } = build;
  const { width, modalities, heads, headWidth } = plan;
  const direction = weight(build, `${layer}.head_scale.direction`, [width, heads]);
  const bias = weight(build, `${layer}.head_scale.bias`, [modalities, heads]);
  const score = graph.op('Add', [graph.op('MatMul', [h, direction]), perPosition(mixIn, bias)]);
  const scale = graph.op('Mul', [graph.op('Sigmoid', [score]), graph.floats('two', [], [2])]);
  const perHead = graph.op('Reshape', [scale, graph.integers([0, 0, heads, 1])]);
  const split = graph.op('Reshape', [attended, graph.integers([0, 0, heads, headWidth])]);
  const scaled = graph.op('Mul', [split, perHead]);
  return graph.op('Reshape', [scaled, graph.integers([0, 0, heads * headWidth])]);
}

/** `branch * (1 + tanh(gate[m]))`, where `part` names the branch. */
export function gatedResidual(mixIn: MixIn, part: 'attention' | 'feed_forward', branch: Value): Value {
  const { build, plan, layer } = mixIn;
  const tensor = `${layer}.residual.${part}`;
  const load = build.weights(tensor, [plan.modalities]);
  const table = build.graph.initializer(tensor, 'f32', [plan.modalities, 1], async () =>
    (await load()).map((gate) => 1 + Math.tanh(gate)),
  );
  return build.graph.op('Mul', [branch, perPosition(mixIn, table)]);
}
