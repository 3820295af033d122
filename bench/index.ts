/**
 * `npm run bench [decode] [rival] [model] [guidance] [sound] [patches] [text] [baseline] [janus]`, which takes
 * `-- baseline --count N --model PATH` and `-- guidance --model PATH`: every figure of one table comes from one run on one
 * machine. Weights are written to a temporary directory, about 2 GB while it runs; `janus`, which takes long and 7 GB,
 * runs only when it is named.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from '@any-to-any/compiler';
import { type Device, locateBundle, openBundle, openDevice, openLocalEngine } from '@any-to-any/core';
import { compareWithDiffusion } from './baseline/compare.ts';
import { printComparison } from './baseline/print.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { measureDecode, measurePrefill, type Subject } from './decode.ts';
import { printGuidance } from './guidance.ts';
import { compareJanus } from './janus.ts';
import { table } from './measure.ts';
import { printPatches } from './patches/print.ts';
import { compareWithRival } from './rival-table.ts';
import { shape, variants } from './shape.ts';
import { printDefaultModel, printSound } from './speed.ts';
import { compareTextModel } from './text-model.ts';

const { values, positionals } = parseArgs({
  options: { count: { type: 'string', default: '20' }, model: { type: 'string' } },
  allowPositionals: true,
});
const wanted = new Set(positionals);
const count = Number(values.count);
if (!Number.isInteger(count) || count < 1) {
  console.error(`--count is a whole number from 1, not "${values.count}".`);
  process.exit(2);
}
const wants = (part: string): boolean => wanted.size === 0 || wanted.has(part);
const tell = (text: string): void => console.error(text);

const root = await mkdtemp(join(tmpdir(), 'any-to-any-bench-'));
try {
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}\n`);
  if (wants('model')) await printDefaultModel(tell);
  if (wants('guidance')) await printGuidance(chosenModel());
  if (wants('sound')) await printSound(tell);
  if (wants('patches')) await printPatches(join(process.cwd(), '..'), root, tell);
  if (wants('baseline')) await printBaseline();
  if (wants('text')) await compareTextModel(root, tell);
  if (wanted.has('janus')) await compareJanus(root, tell);
  if (wants('decode') || wants('rival')) {
    const { layers, width, heads, feedForward, vocabulary } = shape;
    console.log(
      `Decoder ${layers} × ${width}, ${heads} heads, feed-forward ${feedForward}, ${vocabulary} ids, block 32, random weights.\n`,
    );
    tell('writing weights');
    await writeCheckpoint(join(root, 'checkpoint'));
    const device = await openDevice();
    const subjects = await openSubjects(device);
    if (wants('decode')) await printDecode(subjects);
    if (wants('rival')) await compareWithRival(root, subjects, tell);
    for (const { engine } of subjects) await engine.close();
    device.close();
  }
} finally {
  await rm(root, { recursive: true, force: true });
}

async function openSubjects(device: Device): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const { name, quantize, kv } of variants) {
    tell(`compiling ${name}`);
    const bundle = join(root, `${quantize}-${kv}`);
    await compile(join(root, 'checkpoint'), bundle, { quantize, kv });
    subjects.push({ name, engine: await openLocalEngine(await openBundle(bundle), device) });
  }
  return subjects;
}

async function printDecode(subjects: readonly Subject[]): Promise<void> {
  const rows = await measureDecode(subjects, tell);
  console.log('Decoding, medians of interleaved rounds; ids/s counts all rows of a batch.\n');
  console.log(
    table(
      ['variant', 'context', 'batch', 'ms/step', 'ids/s'],
      rows.map(({ name, context, batch, step }) => [
        name,
        String(context),
        String(batch),
        step.toFixed(2),
        ((batch * 1000) / step).toFixed(0),
      ]),
    ),
  );
  const prefill = await measurePrefill(subjects);
  console.log('\nPrefill of 512 positions, in chunks of 128.\n');
  console.log(
    table(
      ['variant', 'positions/s'],
      [...prefill].map(([name, rate]) => [name, rate.toFixed(0)]),
    ),
  );
  console.log('');
}

/** The directory that --model names, or the default model. */
function chosenModel(): string {
  const { model = locateBundle('@any-to-any/model-emoji', import.meta.url) } = values;
  return resolve(process.env['INIT_CWD'] ?? '.', model);
}

async function printBaseline(): Promise<void> {
  const options = { model: chosenModel(), count, root, tell };
  await printComparison(await compareWithDiffusion(options));
}
