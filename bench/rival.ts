/**
 * Drives transformers.js in a process of its own, one command at a time, so that rounds of both can alternate.
 * It is installed on first use, beside its script; the workspace itself does not depend on it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../rival', import.meta.url));

export interface Rival {
  /** Milliseconds of steps of so many rows at a context, and the longest time the event loop stood still meanwhile. */
  decode(context: number, batch?: number): Promise<{ gaps: number[]; delay: number }>;
  /** Milliseconds to the first id of a prompt. */
  prefill(length: number): Promise<{ ms: number }>;
  resident(): Promise<{ mib: number }>;
  close(): void;
}

export async function openRival(directory: string): Promise<Rival> {
  if (!existsSync(`${folder}/node_modules`)) {
    const environment = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
    const options = ['install', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', options, { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const child = spawn(process.execPath, ['run.mjs', directory], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await answer(lines, child);
  const ask = async <T>(command: string): Promise<T> => {
    child.stdin.write(`${command}\n`);
    // The script answers every command with the fields its interface promises.
    return (await answer(lines, child)) as T;
  };
  return {
    decode: (context, batch = 1) => ask(`decode ${context} ${batch}`),
    prefill: (length) => ask(`prefill ${length}`),
    resident: () => ask('resident'),
    close: () => child.stdin.end(),
  };
}

async function answer(lines: AsyncIterator<string>, child: ChildProcess): Promise<unknown> {
  const { value, done } = await lines.next();
  if (done) throw new TypeError(`transformers.js ended with code ${child.exitCode}; its messages are above.`);
  return JSON.parse(value);
}
