/**
 * The family `mllama`: Llama 3.2 Vision reads pictures through layers of cross attention, and makes text.
 */
import { join } from 'node:path';
import type { Family } from '../family.ts';
import { namesOf } from '../llama/hugging-face.ts';
import { renameTensor, type TensorNames } from '../llama/plan.ts';
import { readTokens, type TextTokens } from '../llama/tokens.ts';
import { checkVocabulary, textVocabulary, type Vocabulary } from '../llama/vocabulary.ts';
import { compileReading } from '../understanding/compile.ts';
import { readPixelOptions } from '../understanding/pixels.ts';
import { pictureOpen } from '../understanding/reading.ts';
import { extraRows, type MllamaPlan, modelTypes, planMllama } from './config.ts';
import { buildMllama } from './decoder.ts';
import { buildVision, patchesOf } from './vision.ts';

export const mllama: Family = {
  name: 'mllama',
  modelTypes,
  async compile(job) {
    const { checkpoint, settings } = job;
    const path = join(checkpoint, 'config.json');
    const plan = planMllama(path, job.config, settings.context);
    const { text, vision } = plan;
    const { side, tiles: most } = vision;
    const tokens = await readTokens(checkpoint, plan.ids);
    const { vocabulary, close } = vocabularyOf(plan, tokens);
    const [ids, rows] = [text.vocabulary, text.vocabulary + extraRows];
    checkVocabulary(path, vocabulary, rows);
    const pixels = await readPixelOptions(checkpoint, { side, tiles: most }, 'bilinear');
    return compileReading(job, {
      // One layer more: it keeps which positions are pictures.
      plan: { ...text, layers: text.layers + 1 },
      modality: true,
      tokens,
      vocabulary,
      ids,
      rows,
      reading: {
        close,
        placeholder: tokens.special.find(({ id }) => id === plan.imageToken)?.content,
        encoder: {
          width: text.width,
          count: patchesOf(vision),
          pixels: { fit: 'tiles', side, most, ...pixels },
        },
      },
      pixels: {
        dims: [most, 3, side, side],
        more: { aspect: { data: BigInt64Array.of(1n), dims: [1] } },
      },
      build({ weights }, tensors) {
        const { quantization } = settings;
        const names = namesOf(tensors);
        const root = tensors.has('vision_model.class_embedding') ? '' : 'model.';
        return {
          encoder: buildVision(vision, text.width, (name, dims) => weights(`${root}${name}`, dims)),
          decoder: (kvScales) =>
            buildMllama(text, (name, dims) => weights(renameMllama(names, name), dims), {
              quantization,
              kvScales,
            }),
          table: weights(names.embedding, [rows, text.width]),
          head: weights(names.head, [ids, text.width]),
        };
      },
    });
  },
};

/** The image token closes the segment of a picture: it is a position of text, the first that sees the picture. */
function vocabularyOf(
  { text, imageToken }: MllamaPlan,
  tokens: TextTokens,
): { readonly vocabulary: Vocabulary; readonly close: string } {
  const known = textVocabulary(text.vocabulary, tokens);
  const named = known.marks.find(({ id }) => id === imageToken)?.name;
  const close = named ?? '</img>';
  const more = named === undefined ? [{ name: close, id: imageToken }] : [];
  return { vocabulary: { ...known, marks: [...known.marks, { name: pictureOpen }, ...more] }, close };
}

/** The name in the checkpoint of a name of the decoder's graph. */
function renameMllama(names: TensorNames, name: string): string {
  const [, index, part] = /^layers\.(\d+)\.(cross.*|feed_forward_gate)$/.exec(name) ?? [];
  if (part === undefined) return renameTensor(names, name);
  const layer = names.layer(Number(index), 'attention.norm').replace(/input_layernorm$/, '');
  if (part === 'cross_gate') return `${layer}cross_attn_attn_gate`;
  if (part === 'feed_forward_gate') return `${layer}cross_attn_mlp_gate`;
  const own = part.slice('cross.'.length, -'.weight'.length);
  return `${layer}cross_attn.${own.endsWith('norm') ? own : `${own}_proj`}.weight`;
}
