/**
 * Heads of ports made from the one head of a language model. A region's head scores its ids, then its closing mark,
 * whose score is the best among the ids that close it. Those ids themselves are never drawn.
 */

import { linear } from '../../blocks/linear.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import type { Quantization } from '../../quantize/block.ts';
import { listIds, pickRows, type RegionIds, sizeOf } from './rows.ts';
import { markCapacity, type RegionPlan, type Vocabulary } from './vocabulary.ts';

export interface HeadSource {
  /** `[vocabulary, width]`. */
  readonly load: LoadWeights;
  readonly width: number;
  readonly quantization: Quantization | undefined;
}

/** Never drawn, yet finite: guidance subtracts scores. */
const never = -1e30;

/** `hidden [rows, width]` → `logits [rows, size + 1]`. */
export function buildRegionHead(region: RegionPlan, source: HeadSource): Model {
  const graph = new GraphBuilder('head');
  const hidden = graph.input('hidden', 'f32', ['rows', source.width]);
  const size = sizeOf(region.ids);
  const { own, close } = scoreRegion(graph, hidden, 'head', region, source);
  const both = graph.op('Concat', [own, close], { axis: 1 });
  const logits = graph.op('Add', [both, maskOf(graph, 'mask', region, size + 1)], {}, 'logits');
  graph.output(logits, 'f32', ['rows', size + 1]);
  return graph.build();
}

/**
 * `hidden [rows, width]` → `logits [rows, capacity]`. A mark of the checkpoint has the score of its id. What opens a
 * region silently has the best score among the region's ids; the only region the model may choose opens if nothing else
 * is legal, and before those that it may not.
 */
export function buildMarksHead(vocabulary: Vocabulary, source: HeadSource): Model {
  const { marks, regions } = vocabulary;
  const capacity = markCapacity(vocabulary);
  const graph = new GraphBuilder('head');
  const hidden = graph.input('hidden', 'f32', ['rows', source.width]);
  const ids = Array.from({ length: capacity }, (_, mark) => marks[mark]?.id);
  let logits = scoreRows(graph, hidden, 'marks', { offset: 0, size: 0 }, ids, source);
  const chosen = regions.filter(({ onRequest }) => onRequest === undefined);
  for (const region of regions) {
    const at = marks.findIndex(({ name }) => name === region.open);
    const place = (value: number): Value =>
      graph.floats(`${region.modality}.place`, [1, capacity], oneAt(capacity, at, value));
    if (region.onRequest) logits = graph.op('Add', [logits, place(-1e8)]);
    if (region.onRequest || marks[at]?.id !== undefined) continue;
    if (chosen.length === 1) {
      logits = graph.op('Add', [logits, place(-1e4)]);
      continue;
    }
    const { own } = scoreRegion(graph, hidden, region.modality, region, source);
    const masked = graph.op('Add', [
      own,
      maskOf(graph, `${region.modality}.mask`, region, sizeOf(region.ids)),
    ]);
    const best = graph.op('ReduceMax', [masked, graph.integers([1])], { keepdims: 1 });
    logits = graph.op('Add', [logits, graph.op('Mul', [best, place(1)])]);
  }
  graph.output(graph.op('Identity', [logits], {}, 'logits'), 'f32', ['rows', capacity]);
  return graph.build();
}

/** Scores of a region's ids `[rows, size]`, and the best of those that close it `[rows, 1]`. */
function scoreRegion(
  graph: GraphBuilder,
  hidden: Value,
  name: string,
  { ids, closedBy }: RegionPlan,
  source: HeadSource,
): { own: Value; close: Value } {
  const size = sizeOf(ids);
  const locals = localOf(ids);
  // A region that nothing closes gets a row of zeros, which `maskOf` rules out.
  const outside: readonly (number | undefined)[] =
    closedBy.length === 0 ? [undefined] : closedBy.filter((id) => !locals.has(id));
  const all = scoreRows(graph, hidden, name, ids, outside, source);
  const closers =
    closedBy.length === 0 ? [size] : closedBy.map((id) => locals.get(id) ?? size + outside.indexOf(id));
  const candidates = graph.op('Gather', [all, graph.integers(closers)], { axis: 1 });
  const close = graph.op('ReduceMax', [candidates, graph.integers([1])], { keepdims: 1 });
  if (outside.length === 0) return { own: all, close };
  const sizes = graph.integers([size, outside.length]);
  const [own] = graph.ops('Split', [all, sizes], { axis: 1 }, [undefined, undefined] as const);
  return { own, close };
}

function scoreRows(
  graph: GraphBuilder,
  hidden: Value,
  name: string,
  ids: RegionIds,
  more: readonly (number | undefined)[],
  { load, width, quantization }: HeadSource,
): Value {
  const rows = pickRows(load, width, ids, more);
  const outputs = sizeOf(ids) + more.length;
  if (quantization === undefined) {
    // Not transposed: the head is often the largest tensor there is, and a second one of it need not be held.
    const matrix = graph.initializer(name, 'f32', [outputs, width], rows);
    return graph.op('Gemm', [hidden, matrix], { transB: 1 });
  }
  const build = { graph, weights: () => rows, quantization };
  return linear(build, hidden, name, width, [{ tensor: name, outputs }]);
}

/** Rules out the region's ids that close it, and the closing mark where there are none. */
function maskOf(graph: GraphBuilder, name: string, { ids, closedBy }: RegionPlan, classes: number): Value {
  const mask = new Float32Array(classes);
  const locals = localOf(ids);
  for (const id of closedBy) {
    const local = locals.get(id);
    if (local !== undefined) mask[local] = never;
  }
  if (closedBy.length === 0) mask[sizeOf(ids)] = never;
  return graph.floats(name, [classes], mask);
}

function localOf(ids: RegionIds): ReadonlyMap<number, number> {
  return new Map(listIds(ids).map((id, local) => [id, local]));
}

function oneAt(length: number, at: number, value: number): Float32Array {
  const values = new Float32Array(length);
  values[at] = value;
  return values;
}
