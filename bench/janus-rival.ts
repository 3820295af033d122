/**
 * The decoder of Janus as a model directory of transformers.js: codes in, scores of codes out, from the same int4 weights
 * and the same table of codes. Text, vision tower and VQ model are left out: codes a second is what is compared.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Build, linear, openTensors, type Value, type Weights } from '@any-to-any/compiler';
import { janusShape } from './janus-shape.ts';
import { saveRivalModel } from './transformers-js-model.ts';

const { width, vq } = janusShape;

/** Names of `checkpoint.ts` → those of the checkpoint. */
const parts: Readonly<Record<string, string>> = {
  'attention.norm': 'input_layernorm',
  'attention.q': 'self_attn.q_proj',
  'attention.k': 'self_attn.k_proj',
  'attention.v': 'self_attn.v_proj',
  'attention.o': 'self_attn.o_proj',
  'feed_forward.norm': 'post_attention_layernorm',
  'feed_forward.gate': 'mlp.gate_proj',
  'feed_forward.up': 'mlp.up_proj',
  'feed_forward.down': 'mlp.down_proj',
};

/** `bundle`: compiled from `checkpoint`; its table of codes is taken. `context`: as long as ours. */
export async function writeJanusRival(
  checkpoint: string,
  bundle: string,
  directory: string,
  context: number,
): Promise<void> {
  const reader = await openTensors(checkpoint, 'model');
  const weights: Weights = (name) => async () => {
    if (name === 'ports.text.embedding') return readHalves(join(bundle, 'image.table.bin'));
    if (name === 'norm.weight') return reader.read('model.language_model.norm.weight');
    const [, index, part] = /^layers\.(\d+)\.(.+)\.weight$/.exec(name) ?? [];
    if (part === undefined) return reader.read(name);
    return reader.read(`model.language_model.layers.${index}.${parts[part]}.weight`);
  };
  await saveRivalModel(directory, {
    shape: {
      ...janusShape,
      kvHeads: janusShape.heads,
      vocabulary: vq.codes,
      ropeTheta: janusShape.theta,
      context,
    },
    weights,
    quantization: { bits: 4, block: 32 },
    head,
  });
  await reader.close();
}

function head(build: Build, hidden: Value): Value {
  const part = (name: string, outputs: number) => ({
    tensor: `model.generation_head.${name}.weight`,
    outputs,
    bias: `model.generation_head.${name}.bias`,
  });
  const inner = linear(build, hidden, 'inner', width, [part('proj_out', width)]);
  const active = build.graph.op('Gelu', [inner]);
  return linear(build, active, 'head', width, [part('vision_head', vq.codes)], 'logits');
}

/** A table of 16-bit floats as float32. */
async function readHalves(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  // Exponents are small enough: shifted into place and multiplied by 2¹¹², normal and subnormal numbers come out right.
  const bits = Uint32Array.from(halves, (half) => ((half & 0x8000) << 16) | ((half & 0x7fff) << 13));
  return new Float32Array(bits.buffer).map((value) => value * 2 ** 112);
}
