/**
 * The family `chameleon`: one decoder over text and pictures whose tokens lie in one vocabulary (Meta 2024, arXiv
 * 2405.09818), as transformers saves it. Decoder, heads and tables are the family `llama`'s; here are the vocabulary
 * and the image tokenizer. Checkpoints without the image decoder read pictures and cannot draw them.
 */
import { join } from 'node:path';
import { createTokenSpace } from '@any-to-any/core';
import { openTensors } from '../../safetensors/open.ts';
import type { Family, FamilyJob } from '../family.ts';
import { samplingOf, tokenizerOutputs, weightOutputs } from '../llama/family.ts';
import { namesOf } from '../llama/hugging-face.ts';
import { describeBundle } from '../llama/manifest.ts';
import { readTokens } from '../llama/tokens.ts';
import { checkVocabulary, describeSpace, type TokenizerPlan } from '../llama/vocabulary.ts';
import { writeOutputs } from '../output.ts';
import { describeVq, imagePlugin } from '../vqgan/outputs.ts';
import { type ChameleonConfig, parseChameleon, readFitting } from './config.ts';
import { imageOutputs, splitTensors } from './image.ts';
import { chameleonVocabulary, gridClip } from './vocabulary.ts';

/** What Meta's own programs sample pictures with. */
const imageSampling = { temperature: 0.7, topP: 0.9 } as const;

export const chameleon: Family = {
  name: 'chameleon',
  modelTypes: ['chameleon'],
  async compile(job) {
    const { checkpoint, settings } = job;
    const path = join(checkpoint, 'config.json');
    const config = parseChameleon(path, job.config, settings.context);
    const { plan, vq, shared } = config;
    const reader = await openTensors(checkpoint, 'model');
    try {
      const parts = splitTensors(reader);
      const tokens = await readTokens(checkpoint, shared);
      const vocabulary = chameleonVocabulary(path, config.vocabulary, tokens, plan.vocabulary, {
        tokenizer: await imageTokenizer(job, config, parts.draws),
        codes: vq.codes,
        readOnly: !parts.draws,
      });
      checkVocabulary(path, vocabulary, plan.vocabulary);
      createTokenSpace(describeSpace(vocabulary)); // regions that overlap are an error before anything is read
      const names = namesOf(parts.text.tensors);
      const source = { plan, names, reader: parts.text };
      await writeOutputs(job, [
        ...(await weightOutputs(job, source, vocabulary)),
        ...imageOutputs(parts, vq),
        ...(await tokenizerOutputs(job, vocabulary, tokens)),
      ]);
      const sampling = { ...samplingOf(tokens), ...(parts.draws && { image: imageSampling }) };
      return describeBundle({ plan, vocabulary, about: { sampling }, settings });
    } finally {
      await reader.close();
    }
  },
};

async function imageTokenizer(
  { checkpoint }: FamilyJob,
  { vq: plan, side }: ChameleonConfig,
  decoder: boolean,
): Promise<TokenizerPlan> {
  const pixels = await readFitting(join(checkpoint, 'preprocessor_config.json'));
  const options = describeVq({ plan, decoder, clip: gridClip, grids: [[side, side]], pixels });
  return { kind: 'plugin', plugin: imagePlugin, options, files: [] };
}
