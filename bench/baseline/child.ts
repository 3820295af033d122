/** A process that goes one way from words to pictures, tells its parent what was seen and when, and how much memory it took. */
import process from 'node:process';
import { openDevice } from '@any-to-any/core';
import { peakMiB, worstDelay } from '../measure.ts';
import type { Open } from './autoregressive.ts';
import type { Drawing, Task, Told } from './path.ts';

const tell = (told: Told): Promise<void> =>
  new Promise((done, failed) => {
    process.send!(told, undefined, undefined, (error) => (error ? failed(error) : done()));
  });

process.once('message', async (task) => {
  await go(task as Task); // the parent sends nothing else
  process.disconnect();
});

async function go(task: Task): Promise<void> {
  const began = performance.now();
  const way = await open(task);
  await tell({ type: 'open', ms: performance.now() - began });
  for (const { words, seed } of task.prompts.slice(0, task.warmUp)) await way.draw(words, seed);
  for (const [index, { words, seed }] of task.prompts.entries()) {
    let drawn: Omit<Drawing, 'delay'> | undefined;
    const delay = await worstDelay(async () => {
      drawn = await way.draw(words, seed);
    });
    await tell({ type: 'drawing', index, drawing: { ...drawn!, delay } });
  }
  await way.close();
  await tell({ type: 'end', peakMiB: await peakMiB() });
}

/** Each way loads its own code alone: what it takes is part of its memory. */
async function open(task: Task): Promise<Open> {
  const { path } = task;
  if (path.kind === 'autoregressive') {
    const { openAutoregressive } = await import('./autoregressive.ts');
    return openAutoregressive(task.model, path);
  }
  if (path.kind === 'latent') {
    const { openLatent } = await import('./latent.ts');
    return openLatent(task, path);
  }
  const device = await openDevice();
  return {
    draw: async () => ({ seen: [], total: 0, work: { prefilled: 0, generated: 0 } }),
    close: async () => device.close(),
  };
}
