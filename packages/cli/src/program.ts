/**
 * The command as a function: arguments in, exit code out. Knows the options; the work is in `commands/`.
 */
import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addAddModality } from './commands/add-modality.ts';
import { addAddPatches } from './commands/add-patches.ts';
import { addCompile } from './commands/compile.ts';
import { addGenerate } from './commands/generate.ts';
import { addInfo } from './commands/info.ts';
import { addPull } from './commands/pull.ts';
import { addStudio } from './commands/studio.ts';
import { reportFailure } from './failure.ts';
import type { Surroundings } from './surroundings.ts';

/** `args` without the program's name. Never throws; what went wrong is on `stderr`. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    await createProgram(args, surroundings).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return reportFailure(error, surroundings);
  }
}

function createProgram(args: readonly string[], surroundings: Surroundings): Command {
  const { stdout, stderr, env } = surroundings;
  const program = new Command('any-to-any')
    .description('Text, images and what plugins add, in any direction, from one shared decoder.')
    .version(ownVersion(), '-V, --version')
    .showHelpAfterError('(--help shows the options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
      getOutHasColors: () => (stdout.getColorDepth?.(env) ?? 1) > 1,
      getErrHasColors: () => (stderr.getColorDepth?.(env) ?? 1) > 1,
    });
  addGenerate(program, surroundings, args);
  addInfo(program, surroundings);
  addPull(program, surroundings);
  addCompile(program, surroundings);
  addAddPatches(program, surroundings);
  addAddModality(program, surroundings);
  addStudio(program, surroundings);
  return program;
}

function ownVersion(): string {
  // The package's own manifest, one folder above both `src` and `dist`.
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}
