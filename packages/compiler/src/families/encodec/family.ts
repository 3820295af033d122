/**
 * The family `encodec`: EnCodec checkpoints of transformers, of 24 kHz (causal) and 32 kHz (MusicGen's), become a
 * tokenizer on its own.
 */
import { join } from 'node:path';
import { framesToBegin } from '../../blocks/seanet.ts';
import { openTensors } from '../../safetensors/open.ts';
import { chooseCodebooks, codecFiles, describeCodec } from '../codec.ts';
import type { Family } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { graphOutput, writeOutputs } from '../output.ts';
import { parseConfig } from './config.ts';
import { buildDecode, buildEncode } from './graphs.ts';
import { usedTensors } from './tensors.ts';

export const encodec: Family = {
  name: 'encodec',
  modelTypes: ['encodec'],
  async compile(job) {
    const { checkpoint, settings } = job;
    const { rate, stride, seanet, codes, codebooks } = parseConfig(
      join(checkpoint, 'config.json'),
      job.config,
    );
    const used = chooseCodebooks(settings, codebooks);
    const reader = await openTensors(checkpoint, 'model');
    try {
      const ledger = openLedger(usedTensors(reader, { used, all: codebooks.all }));
      const plan = { seanet, codes, codebooks: used };
      const encode = buildEncode(plan, ledger.weights);
      const decode = buildDecode(plan, ledger.weights);
      ledger.check();
      await writeOutputs(job, [
        graphOutput(codecFiles.encode, encode.model),
        graphOutput(codecFiles.decode, decode.model),
      ]);
      const begin = seanet.padding === 'reflect' ? framesToBegin(seanet) : ([1, 1] as const);
      return describeCodec({ rate, stride, size: codes, codebooks: used, encode, decode, begin }, settings);
    } finally {
      await reader.close();
    }
  },
};
