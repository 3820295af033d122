/** Runs `child.ts` for one way, and hands on each drawing as it comes. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Drawing, Task, Told } from './path.ts';

const script = fileURLToPath(new URL('./child.js', import.meta.url));

export interface Ran {
  readonly openMs: number;
  readonly peakMiB: number;
}

/** The child waits for nobody: what is done with a drawing must not take long. */
export async function runChild(
  task: Task,
  onDrawing: (index: number, drawing: Drawing) => void,
): Promise<Ran> {
  const child = fork(script, [], { serialization: 'advanced' });
  let openMs = Number.NaN;
  let peakMiB: number | undefined;
  child.on('message', (message) => {
    const told = message as Told; // the child sends nothing else
    if (told.type === 'open') openMs = told.ms;
    else if (told.type === 'drawing') onDrawing(told.index, told.drawing);
    else peakMiB = told.peakMiB;
  });
  child.send(task);
  const code = await new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  if (peakMiB === undefined) throw new TypeError(`A way of the baseline bench ended with code ${code}.`);
  return { openMs, peakMiB };
}
