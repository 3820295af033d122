/**
 * `any-to-any compile`: a checkpoint → a bundle, through `@any-to-any/compiler`.
 */
import { readFile } from 'node:fs/promises';
import { compile } from '@any-to-any/compiler';
import { AnyToAnyError, rejectUnknownOptions } from '@any-to-any/core';
import { type Command, Option } from 'commander';
import type { Surroundings } from '../surroundings.ts';
import { openDisplay } from '../terminal/display.ts';
import { duration, size } from '../terminal/progress.ts';
import { numberIn } from './number.ts';

type CompileOptions = NonNullable<Parameters<typeof compile>[2]>;

/** What a description file may say; the compiler checks the values. */
const described = [
  'name',
  'version',
  'license',
  'attribution',
  'sampling',
  'voices',
  'unconditional',
] as const;
type Description = Pick<CompileOptions, (typeof described)[number]>;

interface Options extends Pick<CompileOptions, 'quantize' | 'kv' | 'tables' | 'codebooks' | 'context'> {
  readonly block: '32' | '128';
  readonly describe?: string;
  readonly quiet?: boolean;
}

export function addCompile(program: Command, surroundings: Surroundings): void {
  program
    .command('compile')
    .description(
      'Turns a checkpoint into a bundle that runs: a model, a tokenizer on its own or an upsampler.',
    )
    .argument(
      '<checkpoint>',
      'directory with config.json and its safetensors, a GGUF file, or the weights of a SwinIR',
    )
    .argument(
      '<out>',
      'directory to write; an older bundle is replaced when the new one is complete, and what was interrupted goes on',
    )
    .addOption(
      new Option('--quantize <kind>', 'weights of the decoder')
        .choices(['none', 'f16', 'int8', 'int4'])
        .default('none'),
    )
    .addOption(new Option('--block <n>', 'weights that share a scale').choices(['32', '128']).default('32'))
    .addOption(
      new Option('--kv <type>', 'how keys and values are kept').choices(['f32', 'int8']).default('f32'),
    )
    .addOption(new Option('--tables <type>', 'embedding tables').choices(['f32', 'f16']).default('f32'))
    .addOption(
      new Option('--codebooks <n>', 'of a sound codec, how many are used').argParser(
        numberIn({ least: 1, whole: true }),
      ),
    )
    .addOption(
      new Option('--context <n>', 'positions at most, where the checkpoint allows more').argParser(
        numberIn({ least: 1, whole: true }),
      ),
    )
    .option('--describe <file>', `JSON with ${described.join(', ')}`)
    .option('--quiet', 'show nothing but errors')
    .action((checkpoint: string, out: string, options: Options) =>
      compileCommand(checkpoint, out, options, surroundings),
    );
}

async function compileCommand(checkpoint: string, out: string, options: Options, surroundings: Surroundings) {
  const { quantize, kv, tables, codebooks, context, block, describe, quiet } = options;
  const description = describe === undefined ? {} : await readDescription(describe);
  const display = quiet ? undefined : openDisplay(surroundings);
  const began = surroundings.now();
  let earlier = 0;
  try {
    const manifest = await compile(checkpoint, out, {
      quantize,
      kv,
      tables,
      codebooks,
      context,
      block: block === '32' ? 32 : 128,
      ...description,
      signal: surroundings.signal,
      onProgress({ file, done, total, kept }) {
        earlier = kept;
        const seconds = Math.max(1e-3, (surroundings.now() - began) / 1000);
        const rate = (done - kept) / 1e6 / seconds;
        display?.progress({ label: file, done: done / 1e6, total: total / 1e6, rate, unit: 'MB' });
      },
    });
    if (earlier > 0) display?.note(`went on with ${size(earlier)} of a compile that was interrupted`);
    const seconds = (surroundings.now() - began) / 1000;
    const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    display?.note(
      `wrote ${out}: ${manifest.name} ${manifest.version}, ${size(bytes)} in ${duration(seconds)}`,
    );
  } finally {
    display?.close();
  }
}

/** Throws OPTION_INVALID or OPTION_UNKNOWN. */
async function readDescription(path: string): Promise<Description> {
  let data: unknown;
  try {
    data = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `--describe: expected a JSON file, got ${path}: ${String(cause)}`,
      {
        cause,
      },
    );
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new AnyToAnyError('OPTION_INVALID', `--describe: expected a JSON object in ${path}.`);
  }
  rejectUnknownOptions(data, described, path);
  // Its keys are known now; the compiler checks every value against the schema of the manifest.
  return data as Description;
}
