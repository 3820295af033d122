/**
 * `any-to-any pull`: a checkpoint from the hub → a directory. Asks the network only when it is called.
 */
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Surroundings } from '../surroundings.ts';
import { openDisplay } from '../terminal/display.ts';
import { duration, size } from '../terminal/progress.ts';

interface Options {
  readonly revision: string;
  readonly file: readonly string[];
  readonly quiet?: boolean;
}

export function addPull(program: Command, surroundings: Surroundings): void {
  program
    .command('pull')
    .description(
      'Downloads a checkpoint: config, tokenizer and safetensors. Stopped, it goes on where it was.',
    )
    .argument('<name>', 'of the model on the hub, owner/name')
    .argument('[directory]', 'to write; by default the name without its owner')
    .option('--revision <name>', 'branch, tag or commit', 'main')
    .option(
      '--file <path>',
      'only this file of the repository, such as a GGUF; may be repeated',
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .option('--quiet', 'show nothing but errors')
    .addHelpText(
      'after',
      '\nHF_TOKEN, HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to the tools of the hub.',
    )
    .action((name: string, directory: string | undefined, options: Options) =>
      pullCommand(name, directory ?? basename(name), options, surroundings),
    );
}

async function pullCommand(name: string, directory: string, options: Options, surroundings: Surroundings) {
  // The client of the hub is large, and no other command needs it.
  const { pull } = await import('../hub/pull.ts');
  const display = options.quiet ? undefined : openDisplay(surroundings);
  const began = surroundings.now();
  const seconds = (): number => Math.max(1e-3, (surroundings.now() - began) / 1000);
  try {
    const { commit, files, bytes, fetched } = await pull(name, directory, {
      revision: options.revision,
      files: options.file,
      env: surroundings.env,
      signal: surroundings.signal,
      onProgress({ file, done, total, fetched }) {
        const rate = fetched / 1e6 / seconds();
        display?.progress({ label: file, done: done / 1e6, total: total / 1e6, rate, unit: 'MB' });
      },
    });
    const how = fetched > 0 ? `fetched ${size(fetched)} in ${duration(seconds())}` : 'all of it was there';
    display?.note(
      `${directory}: ${name} at ${commit.slice(0, 12)}, ${files.length} files, ${size(bytes)}; ${how}`,
    );
  } finally {
    display?.close();
  }
}
