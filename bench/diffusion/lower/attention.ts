/**
 * What both graphs of the baseline are made of: attention to one's own positions or to words, and the feed-forward.
 * Names are those of `training/any_to_any_training/diffusion/model.py`. Nothing is cached, nothing is masked.
 */
import { affine, type Build, gelu, type Value } from '@any-to-any/compiler';

export interface AttentionPlan {
  readonly prefix: string;
  readonly width: number;
  /** Width of what is looked at. */
  readonly source: number;
  readonly heads: number;
}

/** `x [n, queries, width]`, `source [n, keys, source]` → `[n, queries, width]`. */
export function attention(build: Build, x: Value, source: Value, plan: AttentionPlan): Value {
  const { graph } = build;
  const { prefix, width, heads } = plan;
  const query = affine(build, x, `${prefix}.query`, width, width);
  const both = affine(build, source, `${prefix}.keys`, plan.source, 2 * width);
  const halves = [undefined, undefined] as const;
  const [key, value] = graph.ops('Split', [both, graph.integers([width, width])], { axis: -1 }, halves);
  const mixed = graph.op('MultiHeadAttention', [query, key, value], { num_heads: heads });
  return affine(build, mixed, `${prefix}.out`, width, width);
}

export function feedForward(build: Build, x: Value, prefix: string, width: number, hidden: number): Value {
  const inner = gelu(build, affine(build, x, `${prefix}.up`, width, hidden));
  return affine(build, inner, `${prefix}.down`, hidden, width);
}
