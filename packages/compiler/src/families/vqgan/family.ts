/**
 * The family `vqgan`: image tokenizers of taming-transformers (Esser et al. 2021, arXiv 2012.09841) and of diffusers
 * (`VQModel`) become tokenizers on their own.
 */
import { join } from 'node:path';
import { nameVqgan } from '../../blocks/vqgan-names.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { openTensors } from '../../safetensors/open.ts';
import type { Family } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { writeOutputs } from '../output.ts';
import { describeTokenizer, rejectModelOptions } from '../tokenizer.ts';
import { parseVqgan } from './config.ts';
import { describeVq, imageClip, imagePlugin, squarePixels, vqOutputs } from './outputs.ts';

export const vqgan: Family = {
  name: 'vqgan',
  classNames: ['VQModel'],
  async compile(job) {
    const { checkpoint, settings } = job;
    rejectModelOptions(settings, 'an image tokenizer');
    const config = parseVqgan(join(checkpoint, 'config.json'), job.config);
    const { plan, naming, grids } = config;
    const reader = await openTensors(checkpoint, config.weights);
    try {
      const ledger = openLedger(withoutLoss(reader));
      const weights = nameVqgan(ledger.weights, naming, plan.levels.length);
      const outputs = vqOutputs(plan, weights, true);
      ledger.check();
      await writeOutputs(job, outputs);
      const options = describeVq({ plan, decoder: true, clip: imageClip, grids, pixels: squarePixels });
      return describeTokenizer({ modality: 'image', plugin: imagePlugin, options }, settings);
    } finally {
      await reader.close();
    }
  },
};

/** Checkpoints of training hold the discriminator and the network that compares pictures. */
function withoutLoss(reader: TensorReader): TensorReader {
  return { ...reader, tensors: new Map([...reader.tensors].filter(([name]) => !name.startsWith('loss.'))) };
}
