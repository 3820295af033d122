/**
 * The head of a port: a graph of one product, run only for the positions that need its scores.
 */
import type { Build, Weights } from '../../blocks/build.ts';
import { linear } from '../../blocks/linear.ts';
import { GraphBuilder } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { Quantization } from '../../quantize/block.ts';

export interface HeadPlan {
  /** Tensor `[classes, width]`. */
  readonly tensor: string;
  readonly width: number;
  readonly classes: number;
}

/** `hidden [rows, width]` → `logits [rows, classes]`. */
export function buildHead(plan: HeadPlan, weights: Weights, quantization?: Quantization): Model {
  const graph = new GraphBuilder('head');
  const build: Build = { graph, weights, quantization };
  const hidden = graph.input('hidden', 'f32', ['rows', plan.width]);
  const parts = [{ tensor: plan.tensor, outputs: plan.classes }];
  const logits = linear(build, hidden, 'head', plan.width, parts, 'logits');
  graph.output(logits, 'f32', ['rows', plan.classes]);
  return graph.build();
}
