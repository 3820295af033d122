/**
 * The family `blip-2`: reads a picture as a few embeddings before the text, and makes text.
 */
import { join } from 'node:path';
import type { Family } from '../family.ts';
import { readTokens, type TextTokens } from '../llama/tokens.ts';
import { checkVocabulary, textVocabulary, type Vocabulary } from '../llama/vocabulary.ts';
import { compileReading } from '../understanding/compile.ts';
import { readPixelOptions } from '../understanding/pixels.ts';
import { pictureOpen } from '../understanding/reading.ts';
import { type Blip2Plan, modelTypes, planBlip2 } from './config.ts';
import { buildEncoder } from './encoder.ts';
import { buildOpt, optRoot } from './opt.ts';

/** The mark after the embeddings: the text model's first token. */
const pictureClose = '</img>';
const ownHead = 'language_model.lm_head.weight';

export const blip2: Family = {
  name: 'blip-2',
  modelTypes,
  async compile(job) {
    const { checkpoint, settings } = job;
    const path = join(checkpoint, 'config.json');
    const plan = planBlip2(path, job.config, settings.context);
    const { opt, qFormer: former, vision } = plan;
    const { side } = vision;
    const tokens = await readTokens(checkpoint, { bos_token_id: plan.begin, eos_token_id: plan.ends });
    const vocabulary = vocabularyOf(plan, tokens);
    checkVocabulary(path, vocabulary, opt.vocabulary);
    const pixels = await readPixelOptions(checkpoint, { side }, 'bicubic');
    return compileReading(job, {
      plan: opt,
      modality: false,
      tokens,
      vocabulary,
      ids: opt.vocabulary,
      rows: opt.vocabulary,
      reading: {
        close: pictureClose,
        encoder: { width: opt.width, count: former.queries, pixels: { fit: 'stretch', side, ...pixels } },
      },
      pixels: { dims: [1, 3, side, side] },
      build({ weights }, tensors) {
        const { quantization } = settings;
        const dims = [opt.vocabulary, opt.width];
        const table = weights(`${optRoot}.embed_tokens.weight`, dims);
        // A tied model may hold its head all the same.
        const own = !opt.tied || tensors.has(ownHead);
        return {
          encoder: buildEncoder(plan, weights),
          decoder: (kvScales) => buildOpt(opt, weights, { quantization, kvScales }),
          table,
          head: own ? weights(ownHead, dims) : table,
        };
      },
    });
  },
};

/**
 * The text model's first token stands behind the picture, not before it: it closes the segment of the picture, and
 * nothing begins the sequence.
 */
function vocabularyOf(plan: Blip2Plan, tokens: TextTokens): Vocabulary {
  const vocabulary = textVocabulary(plan.opt.vocabulary, { ...tokens, addsBegin: false });
  const close = { name: pictureClose, id: tokens.begin ?? plan.begin };
  return { ...vocabulary, marks: [...vocabulary.marks, { name: pictureOpen }, close] };
}
