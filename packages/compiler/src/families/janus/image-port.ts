/**
 * How the decoder reads and draws codes: a table of one embedding per code, which is the generation aligner run once over
 * all of them, and a head of its own with two linears. The head's last class, the closing mark, is never drawn: a picture
 * has a fixed number of codes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from '@any-to-any/core';
import type { Build, Weights } from '../../blocks/build.ts';
import { gelu } from '../../blocks/convolution.ts';
import { linear } from '../../blocks/linear.ts';
import { biased } from '../../blocks/vision-transformer.ts';
import { GraphBuilder } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import { saveModel } from '../../onnx/save.ts';
import type { Quantization } from '../../quantize/block.ts';
import { align } from './aligner.ts';
import type { JanusPlan } from './plan.ts';

/** Codes that go through the aligner at once. */
const chunk = 1024;
/** Never drawn, yet finite: guidance subtracts scores. */
const never = -1e30;

/** Says what it needs now; runs the aligner, `[codes, width]`, when the table is written. */
export function imageTable({ text, vq }: JanusPlan, weights: Weights): LoadWeights {
  const { width } = text;
  const { codes, codeWidth, alignerDepth: depth } = vq;
  const graph = new GraphBuilder('generation-aligner');
  const vectors = graph.input('vectors', 'f32', ['codes', codeWidth]);
  const aligner = { prefix: 'model.generation_aligner', inputs: codeWidth, width, depth };
  graph.output(align({ graph, weights }, vectors, aligner, 'embeddings'), 'f32', ['codes', width]);
  const model = graph.build();
  const load = weights('model.generation_embeddings.weight', [codes, codeWidth]);
  return async () => {
    const table = new Float32Array(codes * width);
    const all = await load();
    await evaluate(model, async (run) => {
      for (let from = 0; from < codes; from += chunk) {
        const part = all.slice(from * codeWidth, (from + chunk) * codeWidth);
        table.set(await run(part, [part.length / codeWidth, codeWidth]), from * width);
      }
    });
    return table;
  };
}

type Run = (vectors: Float32Array, dims: readonly number[]) => Promise<Float32Array>;

async function evaluate(model: Model, work: (run: Run) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'any-to-any-aligner-'));
  const device = await openDevice();
  try {
    const path = join(directory, 'aligner.onnx');
    await saveModel(model, path);
    const session = await device.openSession(path);
    await work(async (data, dims) => {
      const { embeddings } = await session.evaluate({ vectors: { data, dims } });
      return embeddings!.data as Float32Array; // the graph's only output, float32
    });
    session.close();
  } finally {
    device.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** `hidden [rows, width]` → `logits [rows, codes + 1]`. */
export function buildImageHead(
  { text, vq }: JanusPlan,
  weights: Weights,
  quantization: Quantization | undefined,
): Model {
  const { width } = text;
  const { codes } = vq;
  const prefix = 'model.generation_head';
  const classes = codes + 1;
  const graph = new GraphBuilder('head');
  const build: Build = { graph, weights, quantization };
  const hidden = graph.input('hidden', 'f32', ['rows', width]);
  const inner = gelu(build, biased(build, hidden, `${prefix}.proj_out`, width, width));
  const rows = weights(`${prefix}.vision_head.weight`, [codes, width]);
  const bias = weights(`${prefix}.vision_head.bias`, [codes]);
  const closed: Build = {
    graph,
    quantization,
    weights: (tensor) =>
      tensor === 'bias' ? withLast(bias, classes, never) : withLast(rows, classes * width, 0),
  };
  const parts = [{ tensor: 'rows', outputs: classes, bias: 'bias' }];
  graph.output(linear(closed, inner, 'head', width, parts, 'logits'), 'f32', ['rows', classes]);
  return graph.build();
}

/** Filled up to `length` elements with `value`. */
function withLast(load: LoadWeights, length: number, value: number): LoadWeights {
  return async () => {
    const filled = new Float32Array(length).fill(value);
    filled.set(await load());
    return filled;
  };
}
