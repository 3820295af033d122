/**
 * `any-to-any add-modality`: a modality trained for a bundle that exists → into it, through `@any-to-any/compiler`.
 */
import { addModality } from '@any-to-any/compiler';
import type { Command } from 'commander';
import { type Surroundings, write } from '../surroundings.ts';

export function addAddModality(program: Command, surroundings: Surroundings): void {
  program
    .command('add-modality')
    .description('Grows a bundle by a modality; for those it has it computes what it did, bit by bit.')
    .argument('<growth>', 'directory with config.json, modality.safetensors and the files of its plugins')
    .argument('<bundle>', 'directory of the bundle')
    .option('--out <directory>', 'where the grown bundle goes; default: it takes the place of the other')
    .action(async (growth: string, bundle: string, { out }: { out?: string }) => {
      const { signal, stderr } = surroundings;
      const { name, version, space } = await addModality(growth, bundle, { out, signal });
      const { modality, offset, size } = space.regions.at(-1)!; // the one that was added
      const ids = `ids ${offset} to ${offset! + size - 1}`;
      await write(stderr, `added ${modality}, ${ids}, to ${out ?? bundle}: ${name} ${version}\n`);
    });
}
