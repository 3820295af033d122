/**
 * `any-to-any info`: what a bundle is and can do. Opens and checks the bundle, runs nothing.
 */
import { openBundle, throwIfAborted } from '@any-to-any/core';
import type { Command } from 'commander';
import { defaultModel, findModel } from '../model.ts';
import { type Surroundings, write } from '../surroundings.ts';
import { size } from '../terminal/progress.ts';
import { type BundleSummary, summarize } from './info/summary.ts';

export function addInfo(program: Command, surroundings: Surroundings): void {
  program
    .command('info')
    .description('Checks a bundle and tells what it is: modalities, voices, token space, decoder, sizes.')
    .argument('[bundle]', 'directory or package of the model', defaultModel)
    .option('--json', 'as JSON')
    .action(async (model: string, options: { json?: boolean }) => {
      const bundle = await openBundle(findModel(model));
      throwIfAborted(surroundings.signal, 'reading the bundle');
      const summary = summarize(bundle);
      const text = options.json ? JSON.stringify(summary, null, 2) : describe(summary);
      await write(surroundings.stdout, `${text}\n`);
    });
}

/** The summary as aligned lines for a reader. */
export function describe(summary: BundleSummary): string {
  const { space, decoder } = summary;
  const rows: [string, string][] = [
    [summary.name, `${summary.version} · ${summary.license} · ${size(summary.bytes)}`],
    ['directory', summary.directory],
    ...summary.attribution.map((line): [string, string] => ['thanks to', line]),
    ['reads', summary.reads.join(', ')],
    ['makes', summary.makes.join(', ')],
    ...Object.entries(summary.guides).map(([modality, scales]): [string, string] => [
      'guidance',
      `of ${modality} in one row from ${scales[0]} to ${scales.at(-1)}`,
    ]),
    ...voiceRows(summary.voices),
    [
      'decoder',
      `${decoder.layers} layers, width ${decoder.width}, ${decoder.heads} heads of ${decoder.headWidth}` +
        `${decoder.kvHeads === decoder.heads ? '' : ` (${decoder.kvHeads} for keys and values)`}, ` +
        `context ${decoder.context}, cache ${decoder.kv}`,
    ],
    ['space', `version ${space.version}, ${space.size} ids, ${space.buckets} buckets`],
    ['', space.hash],
    ['marks', `${space.marks.names.join(' ')} (of ${space.marks.capacity})`],
    ...space.regions.map(({ modality, open, close, ids, count, layout }): [string, string] => [
      modality,
      `${open}…${close} ${ids ? `ids ${ids.join('–')}` : `${count} ids by table`}, ${layout}`,
    ]),
    ...summary.files.map(({ path, bytes }, index): [string, string] => [
      index === 0 ? 'files' : '',
      `${size(bytes).padStart(10)}  ${path}`,
    ]),
  ];
  const width = Math.max(...rows.map(([head]) => head.length));
  return rows.map(([head, text]) => `${head.padEnd(width)}  ${text}`).join('\n');
}

/** `voices  man: “a man's voice”`, a row for each; the modality is told where there are several with voices. */
function voiceRows(voices: BundleSummary['voices']): [string, string][] {
  const several = Object.keys(voices).length > 1;
  const lines = Object.entries(voices).flatMap(([modality, known]) =>
    Object.entries(known).map(([name, { wording, description, default: speaks }]) => {
      const parts = [`“${wording}”`, ...(description ? [description] : []), ...(speaks ? ['default'] : [])];
      return `${several ? `${modality} ` : ''}${name}: ${parts.join(', ')}`;
    }),
  );
  return lines.map((line, index) => [index === 0 ? 'voices' : '', line]);
}
