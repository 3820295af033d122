/**
 * Opens a device: the native road where FFI and library load, else the JavaScript road, with one warning.
 * Comes before the decoder and before every graph. Roads are imported lazily, so that nothing loads before it is needed.
 */
import { AnyToAnyError, rejectUnknownOptions } from '../errors.ts';
import type { Device, DeviceOptions } from './interface.ts';
import { checkThreads, defaultThreads } from './threads.ts';

/** A way to a device; throws where it is closed. */
export type Road = (threads: number) => Promise<Device>;

export interface Roads {
  readonly native: Road;
  readonly javascript: Road;
}

const standardRoads: Roads = {
  native: async (threads) => (await import('./native/device.ts')).openNative(threads),
  javascript: async (threads) => (await import('./javascript/device.ts')).openJavascript(threads),
};

/**
 * Opens a device; its `kind` says which road was taken. The library itself is loaded once per process.
 * Throws RUNTIME_UNAVAILABLE if both roads are closed.
 */
export function openDevice(options: DeviceOptions = {}): Promise<Device> {
  return chooseRoad(options, standardRoads);
}

/** `openDevice` with the roads handed in. */
export async function chooseRoad(options: DeviceOptions, roads: Roads): Promise<Device> {
  rejectUnknownOptions(options, ['threads', 'prefer'], 'openDevice');
  const threads = checkThreads(options.threads ?? defaultThreads());
  const prefer: string = options.prefer ?? 'native';
  if (prefer !== 'native' && prefer !== 'javascript') {
    throw new AnyToAnyError('OPTION_INVALID', `prefer is "native" or "javascript", not "${prefer}".`, {
      option: 'prefer',
    });
  }
  if (prefer === 'javascript') return viaJavascript(roads, threads, 'it was asked for');
  try {
    return await roads.native(threads);
  } catch (cause) {
    return viaJavascript(roads, threads, `the native library cannot be used: ${reason(cause)}`, cause);
  }
}

async function viaJavascript(roads: Roads, threads: number, why: string, native?: unknown): Promise<Device> {
  let device: Device;
  try {
    device = await roads.javascript(threads);
  } catch (cause) {
    throw new AnyToAnyError(
      'RUNTIME_UNAVAILABLE',
      `ONNX Runtime cannot be loaded on ${process.platform} ${process.arch}: ${reason(cause)}. Install onnxruntime-node and koffi (npm install onnxruntime-node koffi), with optional dependencies.`,
      { cause, native },
    );
  }
  warnOnce(why);
  return device;
}

let warned = false; // per process, like the warning itself

function warnOnce(why: string): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    `ONNX Runtime runs through its JavaScript API, because ${why}. It is slower and blocks the event loop during each run.`,
    { code: 'ANY_TO_ANY_SLOW_RUNTIME' },
  );
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}
