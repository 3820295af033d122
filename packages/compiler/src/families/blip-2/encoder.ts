/**
 * The understanding encoder of BLIP-2: one picture → the few embeddings that stand before the text. Never generates.
 */
import type { Build, Weights } from '../../blocks/build.ts';
import { biased } from '../../blocks/vision-transformer.ts';
import { GraphBuilder } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { Blip2Plan } from './config.ts';
import { qFormer } from './q-former.ts';
import { visionTower } from './vision.ts';

/** `pixels [1, 3, side, side]` → `embeddings [1, queries, width of the decoder]`. */
export function buildEncoder({ vision, qFormer: former, opt }: Blip2Plan, weights: Weights): Model {
  const graph = new GraphBuilder('image-understand');
  const build: Build = { graph, weights };
  const pixels = graph.input('pixels', 'f32', [1, 3, vision.side, vision.side]);
  const queries = qFormer(build, visionTower(build, pixels, vision), former);
  const embeddings = biased(build, queries, 'language_projection', former.width, opt.width, 'embeddings');
  graph.output(embeddings, 'f32', [1, former.queries, opt.width]);
  return graph.build();
}
