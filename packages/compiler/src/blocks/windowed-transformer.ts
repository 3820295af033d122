/**
 * Pre-norm transformer for streams: each position sees itself and the `window − 1` before it, which are its state.
 * Rotary positions, layer scale (Touvron et al. 2021, arXiv 2103.17239), GELU. `x [1, positions, width]`.
 */
import type { Value } from '../onnx/graph.ts';
import { weight } from './build.ts';
import { gelu } from './convolution.ts';
import { linear } from './linear.ts';
import type { Stream, StreamBuild } from './stream.ts';
import { layerNorm } from './transformer.ts';

export interface WindowedTransformer {
  /** Prefix of `layers.N.…`, with the names of Hugging Face. */
  readonly prefix: string;
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  /** Positions a position sees, itself among them. */
  readonly window: number;
  readonly feedForward: number;
  readonly theta: number;
  readonly epsilon: number;
}

interface StreamingBuild extends StreamBuild {
  readonly stream: Stream;
}

/** What all layers share. S is the number of past positions kept, T that of new ones. */
interface Shared {
  /** `[T, S + T]`: 0 where a query sees a key, very negative elsewhere. */
  readonly mask: Value;
  /** `[S + T, headWidth / 2]`, and its last T rows. */
  readonly keys: Rotation;
  readonly queries: Rotation;
}

interface Rotation {
  readonly cosines: Value;
  readonly sines: Value;
}

export function windowedTransformer(build: StreamingBuild, x: Value, plan: WindowedTransformer): Value {
  const shared = share(build, x, plan);
  let result = x;
  for (let i = 0; i < plan.layers; i++)
    result = layer(build, result, `${plan.prefix}.layers.${i}`, plan, shared);
  return result;
}

function layer(
  build: StreamingBuild,
  x: Value,
  prefix: string,
  plan: WindowedTransformer,
  shared: Shared,
): Value {
  const { graph } = build;
  const { width, feedForward, epsilon } = plan;
  const attended = attention(
    build,
    layerNorm(build, x, `${prefix}.input_layernorm`, width, epsilon),
    `${prefix}.self_attn`,
    plan,
    shared,
  );
  const scaled = graph.op('Mul', [attended, weight(build, `${prefix}.self_attn_layer_scale.scale`, [width])]);
  const middle = graph.op('Add', [x, scaled]);
  const normed = layerNorm(build, middle, `${prefix}.post_attention_layernorm`, width, epsilon);
  const inner = gelu(build, plain(build, normed, `${prefix}.mlp.fc1`, width, feedForward));
  const outer = plain(build, inner, `${prefix}.mlp.fc2`, feedForward, width);
  return graph.op('Add', [
    middle,
    graph.op('Mul', [outer, weight(build, `${prefix}.mlp_layer_scale.scale`, [width])]),
  ]);
}

function attention(
  build: StreamingBuild,
  x: Value,
  prefix: string,
  plan: WindowedTransformer,
  { mask, keys, queries }: Shared,
): Value {
  const { graph } = build;
  const { width, heads, kvHeads, headWidth } = plan;
  /** `[1, T, groups * perGroup * headWidth]` → `[groups, perGroup, T, headWidth]`. */
  const apart = (name: string, perGroup: number): Value => {
    const all = plain(build, x, `${prefix}.${name}`, width, kvHeads * perGroup * headWidth);
    const split = graph.op('Reshape', [all, graph.integers([-1, kvHeads, perGroup, headWidth])]);
    return graph.op('Transpose', [split], { perm: [1, 2, 0, 3] });
  };
  const scale = graph.floats(`${prefix}.scale`, [], [headWidth ** -0.5]);
  const query = graph.op('Mul', [rotate(build, apart('q_proj', heads / kvHeads), queries), scale]);
  const key = rotate(build, withPast(build, apart('k_proj', 1), `${prefix}.key`, plan), keys);
  const value = withPast(build, apart('v_proj', 1), `${prefix}.value`, plan);
  const scores = graph.op('MatMul', [query, graph.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  const weights = graph.op('Softmax', [graph.op('Add', [scores, mask])], { axis: -1 });
  const mixed = graph.op('Transpose', [graph.op('MatMul', [weights, value])], { perm: [2, 0, 1, 3] });
  const joined = graph.op('Reshape', [mixed, graph.integers([1, -1, heads * headWidth])]);
  return plain(build, joined, `${prefix}.o_proj`, heads * headWidth, width);
}

/** Past and new positions; the last of them are the next run's past. */
function withPast(
  { graph, stream }: StreamingBuild,
  x: Value,
  name: string,
  plan: WindowedTransformer,
): Value {
  const { kvHeads, headWidth, window } = plan;
  const past = stream.past(name, [kvHeads, 1, window - 1, headWidth]);
  const all = graph.op('Concat', [past, x], { axis: 2 });
  const last = [graph.integers([1 - window]), graph.integers([Number.MAX_SAFE_INTEGER]), graph.integers([2])];
  stream.present(name, graph.op('Slice', [all, ...last]));
  return all;
}

/**
 * Only distances count for rotary positions, so keys are kept as they are and turned anew in every run, counted from
 * the oldest one kept: an endless stream loses no precision. How many of those kept are real is a state, at most all.
 */
function share({ graph, stream }: StreamingBuild, x: Value, plan: WindowedTransformer): Shared {
  const { prefix, window, headWidth, theta } = plan;
  const kept = window - 1;
  const [none, one] = [0, 1].map((value) =>
    graph.initializer(`scalar.${value}`, 'i64', [], () => BigInt64Array.of(BigInt(value))),
  );
  const count = graph.op('Shape', [x], { start: 1, end: 2 });
  const all = graph.op('Add', [count, graph.integers([kept])]);
  const range = (length: Value): Value => graph.op('Range', [none, graph.op('Squeeze', [length]), one]);
  const row = graph.op('Unsqueeze', [range(all), graph.integers([0])]); // keys, oldest first
  const column = graph.op('Unsqueeze', [range(count), graph.integers([1])]); // queries
  const seen = stream.past(`${prefix}.seen`, [1], 'int64');
  stream.present(`${prefix}.seen`, graph.op('Min', [graph.op('Add', [seen, count]), graph.integers([kept])]));
  const conditions = [
    graph.op('GreaterOrEqual', [row, column]), // in the window
    graph.op('LessOrEqual', [row, graph.op('Add', [column, graph.integers([kept])])]), // not later than the query
    graph.op('GreaterOrEqual', [row, graph.op('Sub', [graph.integers([kept]), seen])]), // real
  ];
  const visible = conditions.reduce((both, condition) => graph.op('And', [both, condition]));
  const [shown, hidden] = [
    graph.floats(`${prefix}.shown`, [], [0]),
    graph.floats(`${prefix}.hidden`, [], [-1e30]),
  ];
  const frequencies = Float32Array.from({ length: headWidth / 2 }, (_, i) => theta ** ((-2 * i) / headWidth));
  const positions = graph.op('Cast', [graph.op('Transpose', [row], { perm: [1, 0] })], { to: 1 });
  const angles = graph.op('Mul', [
    positions,
    graph.floats(`${prefix}.frequencies`, [1, headWidth / 2], frequencies),
  ]);
  const keys = { cosines: graph.op('Cos', [angles]), sines: graph.op('Sin', [angles]) };
  const latest = (table: Value): Value =>
    graph.op('Slice', [
      table,
      graph.integers([kept]),
      graph.integers([Number.MAX_SAFE_INTEGER]),
      graph.integers([0]),
    ]);
  return {
    mask: graph.op('Where', [visible, shown, hidden]),
    keys,
    queries: { cosines: latest(keys.cosines), sines: latest(keys.sines) },
  };
}

/** Half split: pairs are (i, i + headWidth / 2). */
function rotate({ graph }: StreamBuild, x: Value, { cosines, sines }: Rotation): Value {
  const names = [undefined, undefined] as const;
  const [first, second] = graph.ops('Split', [x], { axis: -1, num_outputs: 2 }, names);
  const product = (a: Value, b: Value): Value => graph.op('Mul', [a, b]);
  const turned = [
    graph.op('Sub', [product(first, cosines), product(second, sines)]),
    graph.op('Add', [product(second, cosines), product(first, sines)]),
  ];
  return graph.op('Concat', turned, { axis: -1 });
}

function plain(build: StreamBuild, x: Value, prefix: string, inputs: number, outputs: number): Value {
  const tensor = `${prefix}.weight`;
  return linear(build, x, tensor, inputs, [{ tensor, outputs }]);
}
