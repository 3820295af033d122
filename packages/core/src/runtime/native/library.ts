/**
 * Library: finds the shared library that onnxruntime-node ships, loads it once per process, creates its environment.
 * Comes before `device.ts`. Both this and onnxruntime-node's own binding share one mapping of the library.
 */
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AnyToAnyError } from '../../errors.ts';
import { type Api, createApi } from './api.ts';
import { type Foreign, loadForeign, type Pointer, setEnvironment } from './foreign.ts';
import { apiVersion } from './table.ts';

export interface Library {
  readonly foreign: Foreign;
  readonly api: Api;
  readonly version: string;
  readonly environment: Pointer;
  /** Threads that all sessions share, so that those of one never spin while another works; 0: each has its own. */
  sharedThreads: number;
  /** Describes ordinary memory of the processor. */
  readonly memoryInfo: Pointer;
  readonly allocator: Pointer;
  /** What stops each run in flight: Node waits for them when the process exits, so they must not take long then. */
  readonly stops: Set<() => void>;
  /** Where the C library keeps what is freed, hands it back to the system. */
  readonly trim: (() => Promise<void>) | undefined;
}

/** Fatal messages only: whatever fails comes back as an error anyway and must not be printed as well. */
export const logLevel = 4;

// Not per device: the environment is one per process by ONNX Runtime's own rule, and it is never released.
let loading: Promise<Library> | undefined;

/** `threads`: how many sessions share, if this is the first call. Throws RUNTIME_UNAVAILABLE; a later call tries again. */
export function loadLibrary(threads: number): Promise<Library> {
  loading ??= load(threads).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(threads: number): Promise<Library> {
  const foreign = await loadForeign();
  const path = await findLibrary();
  const { table, version } = openTable(foreign, path, apiVersion);
  // The official builds write files to the home folder and upload unless told not to before the environment is made.
  setEnvironment(foreign, 'ORT_DISABLE_TELEMETRY', '1');
  const api = createApi(foreign, table);
  const environment = createEnvironment(api, threads);
  const stops = new Set<() => void>();
  process.once('exit', () => {
    for (const stop of stops) stop();
  });
  const arenaAllocator = 1;
  const defaultMemory = 0;
  return {
    foreign,
    api,
    version,
    environment,
    sharedThreads: threads,
    memoryInfo: api.CreateCpuMemoryInfo(arenaAllocator, defaultMemory),
    allocator: api.GetAllocatorWithDefaultOptions(),
    stops,
    trim: findTrim(foreign),
  };
}

/** glibc has it; elsewhere freed memory goes back by itself, or cannot be asked for. */
function findTrim(foreign: Foreign): (() => Promise<void>) | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const trim = foreign.exported('libc.so.6', 'malloc_trim', 'int', ['size_t']);
    return () => new Promise((resolve) => trim.async(0, () => resolve()));
  } catch {
    return undefined; // another C library
  }
}

function createEnvironment(api: Api, threads: number): Pointer {
  const options = api.CreateThreadingOptions();
  try {
    api.SetGlobalIntraOpNumThreads(options, threads);
    return api.CreateEnvWithGlobalThreadPools(logLevel, 'any-to-any', options);
  } finally {
    api.ReleaseThreadingOptions(options);
  }
}

/** Reads `OrtApiBase { GetApi, GetVersionString }` and asks it for the table of at least `wanted`. */
export function openTable(
  foreign: Foreign,
  path: string,
  wanted: number,
): { readonly table: Pointer; readonly version: string } {
  const base = foreign.exported(path, 'OrtGetApiBase', 'void *', [])() as Pointer; // declared as void *
  const [getApi, getVersion] = foreign.pointers(base, 2);
  const version = String(foreign.function(getVersion!, 'str', [])()); // two were asked for
  const table = foreign.function(getApi!, 'void *', ['uint32_t'])(wanted);
  if (typeof table === 'bigint') return { table, version };
  throw new AnyToAnyError(
    'RUNTIME_UNAVAILABLE',
    `ONNX Runtime ${version} has no API version ${wanted}. Install the onnxruntime-node that this package depends on.`,
    { version, wanted },
  );
}

/** The library beside onnxruntime-node's own binding: `bin/napi-v<n>/<platform>/<architecture>/`. */
export async function findLibrary(): Promise<string> {
  const platform = `${process.platform} ${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve('onnxruntime-node');
    const bin = join(dirname(dirname(main)), 'bin');
    for (const abi of await readdir(bin)) {
      const folder = join(bin, abi, process.platform, process.arch);
      const pattern = /^(lib)?onnxruntime(\.so(\.\d+)*|(\.\d+)*\.dylib|\.dll)$/;
      const names = (await readdir(folder)).filter((file) => pattern.test(file));
      // macOS has two copies; the binding of onnxruntime-node loads the one with the shorter name.
      const [name] = names.sort((one, other) => one.length - other.length);
      if (name !== undefined) return join(folder, name);
    }
  } catch (cause) {
    throw missing(platform, cause);
  }
  throw missing(platform, undefined);
}

function missing(platform: string, cause: unknown): AnyToAnyError {
  return new AnyToAnyError(
    'RUNTIME_UNAVAILABLE',
    `onnxruntime-node has no library for ${platform} here. Install onnxruntime-node, or use a platform it is built for.`,
    { platform, cause },
  );
}
