/**
 * The family `swin2sr`: Swin2SR checkpoints of transformers become an adapter on its own that enlarges pictures.
 */
import { join } from 'node:path';
import { find, type TensorReader } from '../../safetensors/file.ts';
import { openTensors } from '../../safetensors/open.ts';
import type { Family } from '../family.ts';
import { compileUpsampler } from '../upsampler.ts';
import { parseConfig } from './config.ts';
import { buildSwin2sr } from './network.ts';

/** Tables that are arithmetic, which older files hold. */
const arithmetic = /\.(relative_position_index|relative_coords_table)$|^swin2sr\.mean$/;

export const swin2sr: Family = {
  name: 'swin2sr',
  modelTypes: ['swin2sr'],
  async compile(job) {
    const path = join(job.checkpoint, 'config.json');
    const reader = withoutArithmetic(await openTensors(job.checkpoint, 'model'));
    const featuresOf = (name: string): number => find(reader.path, reader.tensors, name).shape[0] ?? 0;
    return compileUpsampler(job, reader, (weights) => {
      const plan = parseConfig(path, job.config, featuresOf);
      const stem = 'swin2sr.encoder.stages.0.layers.0.attention.self.continuous_position_bias_mlp.0.weight';
      return { plan, model: buildSwin2sr(plan, featuresOf(stem), weights) };
    });
  },
};

function withoutArithmetic(reader: TensorReader): TensorReader {
  const tensors = new Map([...reader.tensors].filter(([name]) => !arithmetic.test(name)));
  return { ...reader, tensors };
}
