/**
 * What of a bundle is complete, a line of JSON for each file and each intermediate result. Every line is on disk before
 * work goes on, so after a kill or a power cut the lines that can be read are true.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface Journal {
  /** Whether an output was complete when the journal was opened. */
  has(output: string): boolean;
  /** `paths`: the files it consists of; they are on disk when this resolves. */
  complete(output: string, paths: readonly string[]): Promise<void>;
  /** The numbers that `measure` gives, or gave to the compile that this one goes on with. */
  keep(name: string, measure: () => Promise<readonly Float32Array[]>): Promise<readonly Float32Array[]>;
  /** Files of the bundle that are complete. */
  readonly files: ReadonlySet<string>;
  /** Nothing was completed, so there is nothing to go on with. */
  isEmpty(): boolean;
}

interface Lines {
  readonly identity?: string;
  readonly output?: string;
  /** Path → bytes. */
  readonly files?: Readonly<Record<string, number>>;
  readonly kept?: string;
  readonly numbers?: readonly (readonly number[])[];
}

/** undefined if `path` is no journal of `identity`. `directory` holds the files. */
export async function readJournal(
  path: string,
  identity: string,
  directory: string,
): Promise<Journal | undefined> {
  const [first, ...lines] = await readLines(path);
  if (first?.identity !== identity) return undefined;
  const outputs = new Set<string>();
  const files = new Set<string>();
  const kept = new Map<string, readonly Float32Array[]>();
  for (const { output, files: written = {}, kept: name, numbers = [] } of lines) {
    if (name !== undefined)
      kept.set(
        name,
        numbers.map((row) => Float32Array.from(row)),
      );
    if (output === undefined || !(await areThere(directory, written))) continue;
    outputs.add(output);
    for (const file of Object.keys(written)) files.add(file);
  }
  return journal(path, directory, { outputs, files, kept });
}

export async function beginJournal(path: string, identity: string, directory: string): Promise<Journal> {
  await append(path, { identity }, 'w');
  return journal(path, directory, { outputs: new Set(), files: new Set(), kept: new Map() });
}

interface Known {
  readonly outputs: Set<string>;
  readonly files: Set<string>;
  readonly kept: Map<string, readonly Float32Array[]>;
}

function journal(path: string, directory: string, { outputs, files, kept }: Known): Journal {
  return {
    files,
    has: (output) => outputs.has(output),
    isEmpty: () => outputs.size === 0 && kept.size === 0,
    async complete(output, paths) {
      const sizes: Record<string, number> = {};
      for (const one of paths) {
        const file = await open(one, 'r+');
        await file.sync().finally(() => file.close());
        sizes[relative(directory, one).replaceAll('\\', '/')] = (await stat(one)).size;
      }
      await append(path, { output, files: sizes });
      outputs.add(output);
      for (const file of Object.keys(sizes)) files.add(file);
    },
    async keep(name, measure) {
      const known = kept.get(name);
      if (known !== undefined) return known;
      const measured = await measure();
      await append(path, { kept: name, numbers: measured.map((row) => [...row]) });
      kept.set(name, measured);
      return measured;
    },
  };
}

/** A line that a kill cut off does not parse, and says nothing. */
async function readLines(path: string): Promise<Lines[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Lines]; // as `append` writes them
    } catch {
      return [];
    }
  });
}

async function append(path: string, line: Lines, flags = 'a'): Promise<void> {
  const file = await open(path, flags);
  try {
    // Begins a line of its own, whatever a kill left behind.
    await file.writeFile(`${flags === 'a' ? '\n' : ''}${JSON.stringify(line)}`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function areThere(directory: string, files: Readonly<Record<string, number>>): Promise<boolean> {
  for (const [path, bytes] of Object.entries(files)) {
    if ((await stat(join(directory, path)).catch(() => undefined))?.size !== bytes) return false;
  }
  return true;
}
