/**
 * `any-to-any add-patches`: a trained patch stage → into a bundle that exists, through `@any-to-any/compiler`.
 */
import { addPatchStage } from '@any-to-any/compiler';
import type { Command } from 'commander';
import { type Surroundings, write } from '../surroundings.ts';
import { size } from '../terminal/progress.ts';

export function addAddPatches(program: Command, surroundings: Surroundings): void {
  program
    .command('add-patches')
    .description('Adds a trained patch stage to a bundle, whose pictures then sharpen and grow as they come.')
    .argument('<stage>', 'directory with config.json and image-patches.safetensors')
    .argument('<bundle>', 'directory of the bundle; its other files stay as they are')
    .action(async (stage: string, bundle: string) => {
      const { name, version, files } = await addPatchStage(stage, bundle, { signal: surroundings.signal });
      const bytes = Object.entries(files)
        .filter(([path]) => path.startsWith('image-patches.'))
        .reduce((sum, [, file]) => sum + file.bytes, 0);
      await write(surroundings.stderr, `added ${size(bytes)} to ${bundle}: ${name} ${version}\n`);
    });
}
