/**
 * Janus-Pro-1B in shape, with random weights at int4: compiling it, opening it, a guided picture with its previews, and
 * codes a second beside transformers.js on the same weights. `ANY_TO_ANY_JANUS` names a folder that keeps checkpoint,
 * bundle and the rival's model from run to run (about 7 GB); what it lacks is made. Without it a temporary one is used.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createPipeline, openBundle, openDevice, openLocalEngine } from '@any-to-any/core';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { chatTemplate, textPlugin } from '@any-to-any/tokenizer-text';
import { decodeGaps } from './decode.ts';
import { median, residentMiB, table, worstDelay } from './measure.ts';
import { openRival } from './rival.ts';

/** The beginning, the middle and the end of a picture of 576 codes. */
const contexts = [32, 304, 592] as const;
const rounds = 3;
/** The two rows of guidance. */
const batch = 2;

interface Prepared {
  readonly seconds: number;
  readonly peakMiB?: number;
}

export async function compareJanus(root: string, tell: (text: string) => void): Promise<void> {
  const folder = process.env['ANY_TO_ANY_JANUS'] ?? join(root, 'janus');
  await mkdir(folder, { recursive: true });
  await prepare(folder, 'checkpoint', 'checkpoint/config.json', tell);
  const compiled = await prepare(folder, 'bundle', 'bundle/manifest.json', tell);
  await prepare(folder, 'rival', 'transformers-js/generation_config.json', tell);
  console.log('Janus-Pro-1B in shape (24 × 2048, 16,384 codes), random weights, int4, KV int8.\n');
  const memory =
    compiled.peakMiB === undefined ? '' : `, at most ${compiled.peakMiB.toFixed(0)} MiB resident`;
  console.log(`Compiled from 4.2 GB of bfloat16 in ${compiled.seconds.toFixed(0)} s${memory}.\n`);
  await printPicture(join(folder, 'bundle'), tell);
  await printCodes(folder, tell);
}

/** Runs a step unless its result is there; what it took is kept beside the result. */
async function prepare(
  folder: string,
  step: string,
  result: string,
  tell: (text: string) => void,
): Promise<Prepared> {
  const record = join(folder, `${step}.json`);
  if (!existsSync(join(folder, result)) || !existsSync(record)) {
    tell(`preparing: ${step}`);
    const script = fileURLToPath(new URL('janus-prepare.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, step, folder]);
    await writeFile(record, stdout);
  }
  return JSON.parse(await readFile(record, 'utf8')) as Prepared; // as janus-prepare.ts prints it
}

async function printPicture(model: string, tell: (text: string) => void): Promise<void> {
  tell('drawing a picture');
  const before = performance.now();
  const pipeline = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
  const open = performance.now() - before;
  const chat = chatTemplate(await readFile(join(model, 'chat.json')));
  const content = chat.ask('A red apple on a wooden table, in morning light.', { to: 'image' });
  const began = performance.now();
  let first: number | undefined;
  let last = 0;
  let codes = 0;
  const delay = await worstDelay(async () => {
    for await (const event of pipeline.stream({ content, to: 'image', seed: 1 })) {
      if (event.type === 'segment-delta') first ??= performance.now() - began;
      if (event.type === 'progress') {
        last = performance.now() - began;
        codes = event.done;
      }
    }
  });
  const whole = performance.now() - began;
  const resident = residentMiB();
  await pipeline.close();
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  console.log(
    'Prompt → guided picture of 384 × 384, streamed: previews of the whole picture, then the picture.\n',
  );
  console.log(
    table(
      [
        'open',
        'first preview',
        'codes',
        'codes/s with previews',
        'whole picture',
        'worst event-loop delay',
        'resident',
      ],
      [
        [
          seconds(open),
          seconds(first ?? Number.NaN),
          String(codes),
          ((codes * 1000) / last).toFixed(1),
          seconds(whole),
          `${delay.toFixed(1)} ms`,
          `${resident.toFixed(0)} MiB`,
        ],
      ],
    ),
  );
  console.log('');
}

async function printCodes(folder: string, tell: (text: string) => void): Promise<void> {
  const device = await openDevice();
  const engine = await openLocalEngine(await openBundle(join(folder, 'bundle')), device);
  tell('opening transformers.js');
  const rival = await openRival(join(folder, 'transformers-js'));
  const rows: string[][] = [];
  tell('warming up');
  await rival.decode(contexts[0], batch);
  await decodeGaps(engine, contexts[0], batch, 'image');
  for (const context of contexts) {
    tell(`side by side: context ${context}`);
    const theirs: number[] = [];
    const ours: number[] = [];
    const delays = { theirs: 0, ours: 0 };
    for (let round = 0; round < rounds; round++) {
      const { gaps, delay } = await rival.decode(context, batch);
      theirs.push(...gaps);
      delays.theirs = Math.max(delays.theirs, delay);
      const own = await worstDelay(async () =>
        ours.push(...(await decodeGaps(engine, context, batch, 'image'))),
      );
      delays.ours = Math.max(delays.ours, own);
    }
    const base = median(theirs);
    const row = (name: string, step: number, delay: number): string[] => [
      String(context),
      name,
      step.toFixed(0),
      (1000 / step).toFixed(1),
      `${(base / step).toFixed(1)}×`,
      delay.toFixed(1),
    ];
    rows.push(row('transformers.js', base, delays.theirs), row('any-to-any', median(ours), delays.ours));
  }
  const { mib } = await rival.resident();
  console.log(
    'Codes beside transformers.js 4.3.1, the same int4 weights and image head, two rows as guidance has them.\n',
  );
  console.log(
    table(['context', 'engine', 'ms/code', 'codes/s', 'speed', 'worst event-loop delay, ms'], rows),
  );
  console.log(`\nResident: ${residentMiB().toFixed(0)} MiB here, ${mib.toFixed(0)} MiB there.\n`);
  rival.close();
  await engine.close();
  device.close();
}
