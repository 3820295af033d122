/**
 * The command as a process: gives `run` the real streams, turns signals into an abort and the result into an exit code.
 */
import { performance } from 'node:perf_hooks';
import type { Plugin } from '@any-to-any/core';
import { run } from './program.ts';
import type { Interruption } from './surroundings.ts';

/** npm and npx pass a terminal's Ctrl-C on, so one press arrives twice within this time, milliseconds. */
const samePress = 250;

/** Sets the exit code and returns when everything is closed; the second Ctrl-C ends the process at once. */
export async function startProcess(plugins: readonly Plugin[]): Promise<void> {
  const controller = new AbortController();
  let stoppedAt: number | undefined;
  const stopOn = (interruption: 'SIGINT' | 'SIGTERM', exitCode: number): void => {
    process.on(interruption, () => {
      const now = performance.now();
      if (stoppedAt === undefined) controller.abort({ interruption, exitCode } satisfies Interruption);
      else if (now - stoppedAt > samePress) process.exit(exitCode);
      stoppedAt ??= now;
    });
  };
  stopOn('SIGINT', 130);
  stopOn('SIGTERM', 143);
  // Whoever writes gets the error; without a listener it would also end the process.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  process.exitCode = await run(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    plugins,
    signal: controller.signal,
    now: () => performance.now(),
  });
}
