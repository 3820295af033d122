/**
 * One run of ffmpeg, through fluent-ffmpeg, which is named nowhere else. That library is archived, hence pinned, and
 * what this file replaces in its commands stays where it is: they would run ffmpeg twice more to list its formats, in
 * children that cannot be stopped; share one path of the program with the whole process; throw out of an event where
 * the program cannot be started; and report the end before all output has come.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { AnyToAnyError, aborted } from '@any-to-any/core';
import { atExit } from '../at-exit.ts';

export interface FfmpegRun {
  /** Absolute path of ffmpeg. */
  readonly program: string;
  /** The absolute path of a file, or its bytes. */
  readonly input: string | Readable;
  readonly inputOptions: readonly string[];
  /** The absolute path of a file that does not exist, or where its bytes go. */
  readonly output: string | Writable;
  readonly outputOptions: readonly string[];
  /** Most seconds it may take. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** For errors: decode, encode. */
  readonly stage: string;
}

export interface RunningFfmpeg {
  /** Resolves when ffmpeg has ended well; rejects, once it is gone, with ABORTED, FFMPEG_FAILED, or what stopped it. */
  readonly ended: Promise<void>;
  /** Kills it. */
  stop(reason: AnyToAnyError): void;
}

/** Keyboard off; only files and pipes, whatever a file may refer to; nothing but sound; nothing but errors on stderr. */
const always = ['-nostdin', '-hide_banner', '-v', 'error', '-protocol_whitelist', 'file,pipe'];

interface Ring {
  get(): string;
}
type Started = (child: ChildProcess, stdout: Ring, stderr: Ring) => void;
type Ended = (error: Error | null | undefined, stdout: Ring, stderr: Ring) => void;

/** What a command of fluent-ffmpeg 2.1.3 has besides its types. */
interface Inner {
  _getFfmpegPath(done: (error: null, path: string) => void): void;
  _checkCapabilities(done: (error: null) => void): void;
  availableEncoders(done: (error: null, encoders: object) => void): void;
  _spawnFfmpeg(args: string[], options: object, started: Started, ended: Ended): void;
}

const silent: Ring = { get: () => '' };

export async function startFfmpeg(run: FfmpegRun): Promise<RunningFfmpeg> {
  const { default: createCommand } = await import('fluent-ffmpeg');
  const { input, output, stage, signal, timeout } = run;
  const command = createCommand({ source: typeof input === 'string' ? `file:${input}` : input });
  command.inputOptions([...always, ...run.inputOptions].map(whole));
  command.outputOptions(['-vn', '-sn', '-dn', ...run.outputOptions].map(whole));
  if (typeof output === 'string') command.output(`file:${output}`);
  else command.output(output, { end: true });

  let child: ChildProcess | undefined;
  let reason: AnyToAnyError | undefined;
  const kill = () => {
    child?.kill('SIGKILL');
    // A program that ffmpeg has started, or whose wrapper it is, may hold its streams open.
    for (const stream of child?.stdio ?? []) stream?.destroy();
  };
  const stop = (why: AnyToAnyError) => {
    reason ??= why;
    kill();
  };

  // See the head of this file; these members are not in the published types.
  const inner = command as unknown as Inner;
  inner._getFfmpegPath = (done) => done(null, run.program);
  inner._checkCapabilities = (done) => done(null);
  inner.availableEncoders = (done) => done(null, {});
  const spawn = inner._spawnFfmpeg.bind(command);
  inner._spawnFfmpeg = (args, options, started, ended) => {
    const withRings: Ended = (error, stdout = silent, stderr = silent) => ended(error, stdout, stderr);
    if (reason) return withRings(reason, silent, silent);
    try {
      spawn(
        args,
        options,
        (process, stdout, stderr) => {
          child = process;
          started(process, stdout, stderr);
        },
        withRings,
      );
    } catch (error) {
      // What the system refuses at once, such as too many open files, leaves a child without streams.
      withRings(error instanceof Error ? error : undefined, silent, silent);
    }
  };

  const result = new Promise<void>((resolve, reject) => {
    command.on('end', () => resolve());
    command.on('error', (error: Error, _stdout: unknown, stderr: unknown) => {
      reject(failed(stage, child, error, typeof stderr === 'string' ? stderr : ''));
    });
  });
  const onAbort = () => signal && stop(aborted(signal, stage));
  const onInputError = (error: unknown) => {
    stop(AnyToAnyError.is(error) ? error : failed(stage, undefined, error, ''));
  };
  const timer = setTimeout(() => stop(tookTooLong(stage, timeout)), timeout * 1000);
  signal?.addEventListener('abort', onAbort, { once: true });
  const forget = atExit(kill);
  if (typeof input !== 'string') input.on('error', onInputError);

  async function settle(): Promise<void> {
    try {
      await result.catch((error: unknown) => {
        throw reason ?? error;
      });
      if (reason) throw reason;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      forget();
      if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        kill();
        await once(child, 'exit');
      }
      if (typeof input !== 'string') input.destroy();
    }
  }
  if (signal?.aborted) onAbort();
  command.run();
  return { ended: settle(), stop };
}

/** fluent-ffmpeg would take an option with one space in it for two. */
function whole(option: string): string {
  if (!option.includes(' ')) return option;
  throw new AnyToAnyError('OPTION_INVALID', `An option of ffmpeg has no spaces, got "${option}".`);
}

function tookTooLong(stage: string, timeout: number): AnyToAnyError {
  return new AnyToAnyError(
    'FFMPEG_FAILED',
    `ffmpeg took longer than ${timeout} seconds and was stopped. Give a shorter file or raise the option timeout.`,
    { stage, timeout },
  );
}

/** `details.exitCode` is there when ffmpeg ended by itself, so that a caller can say what that means. */
function failed(
  stage: string,
  child: ChildProcess | undefined,
  cause: unknown,
  stderr: string,
): AnyToAnyError {
  // Node gives a child that could not be started the error's number for an exit code.
  const exitCode = child?.pid === undefined ? undefined : (child.exitCode ?? undefined);
  const said = stderr.trim().split('\n').slice(-3).join(' | ');
  const how = child?.signalCode ? `was killed by ${child.signalCode}` : String(cause);
  return new AnyToAnyError(
    'FFMPEG_FAILED',
    exitCode === undefined
      ? `ffmpeg ${how}. Run it again; if this stays, check the program.`
      : `ffmpeg ended with ${exitCode}: ${said || 'it did not say why'}`,
    { stage, exitCode, said, cause },
  );
}
