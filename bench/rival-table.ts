/** The same int4 weights through this toolkit and through transformers.js, in alternating rounds. */
import { join } from 'node:path';
import { contexts, decodeGaps, promptIds, type Subject } from './decode.ts';
import { median, residentMiB, table, time, worstDelay } from './measure.ts';
import { openRival } from './rival.ts';
import { writeRivalModel } from './transformers-js-model.ts';

const rounds = 3;

export async function compareWithRival(
  root: string,
  subjects: readonly Subject[],
  tell: (text: string) => void,
): Promise<void> {
  const directory = join(root, 'transformers-js');
  await writeRivalModel(join(root, 'checkpoint'), directory, 'int4');
  tell('opening transformers.js');
  const rival = await openRival(directory);
  const ours = subjects.filter(({ name }) => name.startsWith('int4'));
  const rows: string[][] = [];
  for (const context of contexts) {
    tell(`side by side: context ${context}`);
    const theirs: number[] = [];
    let theirDelay = 0;
    const own = ours.map(({ name, engine }) => ({ name, engine, gaps: [] as number[], delay: 0 }));
    for (let round = 0; round < rounds; round++) {
      const { gaps, delay } = await rival.decode(context);
      theirs.push(...gaps);
      theirDelay = Math.max(theirDelay, delay);
      for (const one of own) {
        const delayed = await worstDelay(async () =>
          one.gaps.push(...(await decodeGaps(one.engine, context))),
        );
        one.delay = Math.max(one.delay, delayed);
      }
    }
    const base = median(theirs);
    rows.push([
      String(context),
      'transformers.js',
      base.toFixed(2),
      (1000 / base).toFixed(0),
      '1.0×',
      theirDelay.toFixed(0),
    ]);
    for (const { name, gaps, delay } of own) {
      const step = median(gaps);
      rows.push([
        String(context),
        name,
        step.toFixed(2),
        (1000 / step).toFixed(0),
        `${(base / step).toFixed(1)}×`,
        delay.toFixed(1),
      ]);
    }
  }
  console.log('Prompt and greedy decoding beside transformers.js 4.3.1, the same int4 weights, batch 1.\n');
  console.log(table(['context', 'engine', 'ms/id', 'ids/s', 'speed', 'worst event-loop delay, ms'], rows));

  const { ms } = await rival.prefill(512);
  const { mib } = await rival.resident();
  const prompt = await time(async () => {
    const engine = ours[0]!.engine;
    const sequence = engine.open();
    for (let at = 0; at < 512; at += 128) {
      await engine.append([
        { sequence, runs: [{ port: 'text', ids: promptIds(512).subarray(at, at + 128) }], head: 'text' },
      ]);
    }
    sequence.dispose();
  });
  console.log(
    `\nPrompt of 512: ${prompt.toFixed(0)} ms here, ${ms.toFixed(0)} ms there. Resident: ${residentMiB().toFixed(0)} MiB here with every variant open, ${mib.toFixed(0)} MiB there.\n`,
  );
  rival.close();
}
