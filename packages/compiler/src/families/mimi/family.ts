/**
 * The family `mimi`: Mimi checkpoints of transformers become a tokenizer on its own, which streams.
 */
import { join } from 'node:path';
import { openTensors } from '../../safetensors/open.ts';
import { chooseCodebooks, codecFiles, describeCodec } from '../codec.ts';
import type { Family } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { graphOutput, writeOutputs } from '../output.ts';
import { parseConfig } from './config.ts';
import { buildDecode, buildEncode } from './graphs.ts';
import { usedTensors } from './tensors.ts';

export const mimi: Family = {
  name: 'mimi',
  modelTypes: ['mimi'],
  async compile(job) {
    const { checkpoint, settings } = job;
    const config = parseConfig(join(checkpoint, 'config.json'), job.config);
    const { rate, stride, codes: size, semantic } = config;
    const codebooks = chooseCodebooks(settings, config.codebooks);
    const reader = await openTensors(checkpoint, 'model');
    try {
      const use = { semantic, used: codebooks, all: config.codebooks.all };
      const ledger = openLedger(usedTensors(reader, use));
      const plan = { ...config, codebooks };
      const encode = buildEncode(plan, ledger.weights);
      const decode = buildDecode(plan, ledger.weights);
      ledger.check();
      await writeOutputs(job, [
        graphOutput(codecFiles.encode, encode.model),
        graphOutput(codecFiles.decode, decode.model),
      ]);
      return describeCodec({ rate, stride, size, codebooks, encode, decode, begin: [1, 1] }, settings);
    } finally {
      await reader.close();
    }
  },
};
