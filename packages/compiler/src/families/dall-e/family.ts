/**
 * The family `dall-e`: the discrete VAE of DALL-E (Ramesh et al. 2021, arXiv 2102.12092), `encoder.safetensors` and
 * `decoder.safetensors`, becomes a tokenizer on its own, which shows exact patches while ids come.
 */
import { join } from 'node:path';
import { openTensors } from '../../safetensors/open.ts';
import type { Family } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { graphOutput, writeOutputs } from '../output.ts';
import { describeTokenizer, rejectModelOptions } from '../tokenizer.ts';
import { imageClip, imageFiles, imagePlugin, squarePixels } from '../vqgan/outputs.ts';
import { parseDalle } from './config.ts';
import { buildDalleDecode, buildDalleEncode, dalleFactor, dalleHalo } from './graphs.ts';

/** A pixel `x` of 0…1 becomes `0.8 x + 0.1`. */
const pixels = { ...squarePixels, scale: 0.8 / 255, mean: [-0.1, -0.1, -0.1] };

export const dalle: Family = {
  name: 'dall-e',
  async compile(job) {
    const { checkpoint, settings } = job;
    rejectModelOptions(settings, 'an image tokenizer');
    const { plan, grids } = parseDalle(join(checkpoint, 'config.json'), job.config);
    const encoder = await openTensors(checkpoint, 'encoder');
    try {
      const decoder = await openTensors(checkpoint, 'decoder');
      try {
        const ledgers = [openLedger(encoder), openLedger(decoder)] as const;
        const encode = buildDalleEncode(plan, ledgers[0].weights);
        const decode = buildDalleDecode(plan, ledgers[1].weights);
        for (const ledger of ledgers) ledger.check();
        await writeOutputs(job, [
          graphOutput(imageFiles.encode, encode),
          graphOutput(imageFiles.decode, decode),
        ]);
      } finally {
        await decoder.close();
      }
    } finally {
      await encoder.close();
    }
    const options = {
      kind: 'vq',
      factor: dalleFactor,
      size: plan.codes,
      clip: imageClip,
      block: 1,
      halo: dalleHalo(plan),
      grids,
      pixels,
      ...imageFiles,
    };
    return describeTokenizer({ modality: 'image', plugin: imagePlugin, options }, settings);
  },
};
