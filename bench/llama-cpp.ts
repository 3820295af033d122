/**
 * Drives node-llama-cpp in a process of its own, one command at a time, so that rounds of both can alternate.
 * It is installed on first use, beside its script, with the build for this platform that needs no graphics card.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../llama-cpp', import.meta.url));
const version = '3.22.1';

export interface LlamaCpp {
  /** Milliseconds of single steps at a context. */
  decode(context: number): Promise<{ gaps: number[] }>;
  /** Milliseconds of a prompt. */
  prefill(length: number): Promise<{ ms: number }>;
  resident(): Promise<{ mib: number }>;
  close(): void;
}

export async function openLlamaCpp(file: string, threads: number): Promise<LlamaCpp> {
  if (!existsSync(`${folder}/node_modules`)) install();
  const child = spawn(process.execPath, ['run.mjs', file, String(threads)], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new TypeError(`llama.cpp ended with code ${child.exitCode}; its messages are above.`);
      if (value.startsWith('{')) return JSON.parse(value); // the library may write lines of its own
    }
  };
  await answer();
  const ask = async <T>(command: string): Promise<T> => {
    child.stdin.write(`${command}\n`);
    // The script answers every command with the fields its interface promises.
    return (await answer()) as T;
  };
  return {
    decode: (context) => ask(`decode ${context}`),
    prefill: (length) => ask(`prefill ${length}`),
    resident: () => ask('resident'),
    close: () => child.stdin.end(),
  };
}

/** Without the optional packages, which are hundreds of megabytes of builds for graphics cards. */
function install(): void {
  const { platform, arch } = process;
  const system = platform === 'darwin' ? 'mac' : platform === 'win32' ? 'win' : platform;
  const build = `@node-llama-cpp/${system}-${arch}${platform === 'darwin' && arch === 'arm64' ? '-metal' : ''}@${version}`;
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--no-package-lock'];
  execFileSync('npm', ['install', ...quiet, '--omit=optional', `node-llama-cpp@${version}`, build], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
