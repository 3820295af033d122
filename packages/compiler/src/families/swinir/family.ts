/**
 * The family `swinir`: the weights of a SwinIR, in a safetensors file without any config, become an adapter on its own
 * that enlarges pictures.
 */
import { openSafetensors } from '../../safetensors/file.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { Family } from '../family.ts';
import { compileUpsampler } from '../upsampler.ts';
import { buildSwinir } from './network.ts';
import { readPlan } from './plan.ts';
import { weightsOnly } from './source.ts';
import { isSwinir, networkTensors } from './tensors.ts';

export const swinir: Family = {
  name: 'swinir',
  async compile(job) {
    const path = await weightsOnly(job.checkpoint);
    if (path === undefined)
      throw checkpointInvalid(job.checkpoint, 'expected one .safetensors file with the weights of SwinIR.');
    const reader = await openSafetensors(path);
    const tensors = networkTensors(reader);
    return compileUpsampler(job, tensors, (weights) => {
      if (!isSwinir(reader)) {
        throw checkpointInvalid(
          path,
          'there is no config.json, and the tensors are not those of SwinIR, which needs none.',
        );
      }
      const plan = readPlan(tensors);
      return { plan, model: buildSwinir(plan, weights) };
    });
  },
};
