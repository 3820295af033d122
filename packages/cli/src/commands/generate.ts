/**
 * `any-to-any generate`: content in, content out. Opens the model, drains one stream, closes the model.
 */
import {
  type Content,
  createPipeline,
  type GuidanceMode,
  guidanceModes,
  type ModalityOptions,
  type Request,
  throwIfAborted,
} from '@any-to-any/core';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { eventLine } from '../event-line.ts';
import { media, mediumOf, modalityOf } from '../media.ts';
import { defaultModel, findModel } from '../model.ts';
import { withUpsampler } from '../plugins.ts';
import { type Surroundings, write } from '../surroundings.ts';
import { openDisplay } from '../terminal/display.ts';
import { type Item, itemsOf, readItems } from './generate/prompt.ts';
import { createReporter } from './generate/report.ts';
import { createResults, namePaths } from './generate/result.ts';
import { numberIn } from './number.ts';

/** The modality whose voice --voice chooses, and the one that --guidance-mode, --upscale, --upsampler and --steps are for. */
const speaks = 'audio';
const shows = 'image';

interface Options {
  readonly to?: string[];
  readonly out?: string[];
  readonly model: string;
  readonly seed?: number;
  readonly guidance?: number;
  readonly guidanceMode?: GuidanceMode;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly maxIds?: number;
  readonly voice?: string;
  readonly upscale?: '1' | '2' | '4';
  readonly upsampler?: string;
  readonly steps?: number;
  readonly threads?: number;
  readonly events?: boolean;
  readonly quiet?: boolean;
}

/** `args`: the whole command line, to know the order of texts and files, which commander sorts apart. */
export function addGenerate(program: Command, surroundings: Surroundings, args: readonly string[]): void {
  program
    .command('generate')
    .description('Continues text, pictures and sound with text, pictures or sound.')
    .argument('[text]', 'the prompt; - reads it from stdin')
    .option('--image <file>', 'a picture of the prompt (repeatable)', collect)
    .option('--audio <file>', 'a sound of the prompt (repeatable)', collect)
    .option(
      '--to <modality>',
      'what to make: text, image, audio; repeat it or separate by commas',
      collectNames,
    )
    .option(
      '--out <file>',
      'the picture or sound to write, replacing an older one (one of each; default: named after the text)',
      collect,
    )
    .option('--voice <name>', 'who speaks; `any-to-any info` lists the voices')
    .addOption(new Option('--upscale <n>', 'how many times larger pictures become').choices(['1', '2', '4']))
    .option('--upsampler <bundle>', 'directory or package of the network that enlarges pictures')
    .option('--steps <n>', 'most steps in which pictures are refined', numberIn({ least: 1, whole: true }))
    .option('--model <bundle>', 'directory or package of the model', defaultModel)
    .option('--seed <n>', 'same seed, same result', numberIn({ least: 0, whole: true }))
    .option(
      '--guidance <strength>',
      'how closely to follow the prompt; 1 is off',
      numberIn({ least: 0, most: 100 }),
    )
    .addOption(
      new Option('--guidance-mode <mode>', 'how pictures are guided: in one row, or in two').choices(
        guidanceModes,
      ),
    )
    .option('--temperature <t>', '0 always takes the likeliest', numberIn({ least: 0, most: 100 }))
    .option('--top-k <k>', 'draw from the k likeliest only; 0: all', numberIn({ least: 0, whole: true }))
    .option('--top-p <p>', 'draw from the likeliest that make up p', numberIn({ least: 0, most: 1 }))
    .option('--max-ids <n>', 'longest text or sound, ids', numberIn({ least: 1, whole: true }))
    .option('--threads <n>', 'threads of the runtime', numberIn({ least: 1, whole: true }))
    .option('--events', 'write events as JSON lines to stdout, and files only with --out')
    .option('--quiet', 'show nothing but results and errors')
    .addHelpText(
      'after',
      '\nText, --image and --audio reach the model in the order in which they are given.\n' +
        'Without --to the model decides what to make. Sampling options count for everything that is made;\n' +
        'what is left out comes from the model.',
    )
    .action((_text: string | undefined, options: Options, command: Command) => {
      const own = args.slice(args.indexOf(command.name()) + 1);
      return generate(itemsOf(own, command), options, command, surroundings);
    });
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

function collectNames(value: string, before: readonly string[] = []): string[] {
  const names = value.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Expected names such as image,text.');
  return [...before, ...names];
}

async function generate(items: Item[], options: Options, command: Command, surroundings: Surroundings) {
  checkUse(items, options, command);
  const { signal, plugins, stdout } = surroundings;
  const content = await readItems(items, surroundings);
  throwIfAborted(signal, 'reading');
  const pipeline = await createPipeline({
    model: findModel(options.model),
    plugins: options.upsampler === undefined ? plugins : withUpsampler(plugins, options.upsampler),
    threads: options.threads,
  });
  const display = options.quiet || options.events ? undefined : openDisplay(surroundings);
  try {
    const request: Request = {
      content,
      ...(options.to && { to: options.to }),
      ...(options.seed !== undefined && { seed: options.seed }),
      options: optionsFor(options.to ?? pipeline.generates, options),
      signal,
    };
    const results = createResults(
      options.events ? undefined : stdout,
      namePaths(options.out ?? [], options.events ? undefined : wordsOf(content)),
      signal,
    );
    const report = display && createReporter(display, stdout.isTTY === true);
    for await (const event of pipeline.stream(request)) {
      if (options.events) await write(stdout, eventLine(event));
      const file = await results.take(event);
      report?.(event, file);
    }
  } finally {
    display?.close();
    await pipeline.close();
  }
}

/** What can be said before anything is read or opened. */
function checkUse(items: readonly Item[], options: Options, command: Command): void {
  const { to, out = [] } = options;
  if (items.length === 0 && !to) {
    command.error('error: give a text, a file or --to; nothing was said about what to make');
  }
  for (const [flag, value, modality] of [
    ['voice', options.voice, speaks],
    ['guidance-mode', options.guidanceMode, shows],
    ['upscale', options.upscale, shows],
    ['upsampler', options.upsampler, shows],
    ['steps', options.steps, shows],
  ] as const) {
    if (value !== undefined && to && !to.includes(modality))
      command.error(`error: --${flag} is for ${modality}, but --to says ${to.join(', ')}`);
  }
  const targets = to?.filter((modality) => mediumOf(modality)) ?? Object.keys(media);
  const held = new Set<string>();
  for (const path of out) {
    if (targets.length === 0)
      command.error(`error: --out is for files, but ${to?.join(', ')} goes to stdout`);
    const modality = modalityOf(path);
    if (modality === undefined || !targets.includes(modality)) {
      const endings = targets.map((one) => `${mediumOf(one)!.extensions.join(', ')} to hold ${one}`);
      command.error(`error: --out must end in ${endings.join(', or in ')}`);
    }
    if (held.has(modality))
      command.error(`error: --out names two files for ${modality}; give one, the next are numbered`);
    held.add(modality);
  }
}

function optionsFor(modalities: readonly string[], options: Options): Record<string, ModalityOptions> {
  const { guidance, guidanceMode, temperature, topK, topP, maxIds, voice, upscale, steps } = options;
  const own: ModalityOptions = { guidance, temperature, topK, topP, maxIds };
  const all = Object.fromEntries(modalities.map((modality) => [modality, own]));
  const times = { 1: 1, 2: 2, 4: 4 } as const;
  return {
    ...all,
    ...(voice !== undefined && { [speaks]: { ...all[speaks], voice } }),
    ...((upscale ?? steps ?? guidanceMode) !== undefined && {
      [shows]: { ...all[shows], upscale: upscale && times[upscale], steps, guidanceMode },
    }),
  };
}

const wordsOf = (content: readonly Content[]): string =>
  content.map((item) => ('text' in item ? String(item.text) : '')).join(' ');
