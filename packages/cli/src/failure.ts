/**
 * What went wrong → a line on stderr and an exit code: 1 failure, 2 wrong use, 128 + n stopped by signal n.
 */
import { AnyToAnyError } from '@any-to-any/core';
import { CommanderError } from 'commander';
import picocolors from 'picocolors';
import type { Interruption, Surroundings } from './surroundings.ts';

/** 128 + SIGPIPE: what other tools exit with when their reader leaves. */
const readerLeft = 141;

export function reportFailure(error: unknown, { stderr, env, signal }: Surroundings): number {
  // Commander has already written its own message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (codeOf(error) === 'EPIPE') return readerLeft;
  const stopped = signal.aborted ? interruptionOf(signal.reason) : undefined;
  const message = stopped ? `ABORTED  Stopped by ${stopped.interruption}.` : messageOf(error);
  stderr.write(
    `${highlightCode(message, picocolors.createColors((stderr.getColorDepth?.(env) ?? 1) > 1).red)}\n`,
  );
  if (env['ANY_TO_ANY_DEBUG'] && !stopped) stderr.write(`${stackOf(error)}\n`);
  return stopped?.exitCode ?? 1;
}

/** `CODE  message`, for errors of the toolkit, of the system (ENOSPC, …) and any other. */
export function messageOf(error: unknown): string {
  if (AnyToAnyError.is(error)) return error.message;
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  const code = codeOf(error) ?? name;
  return message.startsWith(code) ? message : `${code}  ${message}`;
}

const highlightCode = (message: string, paint: (text: string) => string): string =>
  message.replace(/^\w+/, (code) => paint(code));

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\nCaused by: ${stackOf(error.cause)}`;
}

function interruptionOf(reason: unknown): Interruption {
  const known =
    typeof reason === 'object' && reason !== null && 'interruption' in reason && 'exitCode' in reason;
  // Checked above; an app that embeds the command may abort with any reason.
  return known ? (reason as Interruption) : { interruption: 'the caller', exitCode: 130 };
}
