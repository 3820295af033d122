/**
 * The functions of ONNX Runtime's C API that are used here: place in the `OrtApi` table, arguments, results.
 * The table is append-only, so a place never changes; results are out-parameters and stand last.
 * Source: `onnxruntime_c_api.h` (github.com/microsoft/onnxruntime, MIT). `api.ts` makes them callable.
 */

/** What goes in. `path` is UTF-16 on Windows; `array` is a typed array that is read or filled during the call. */
export type In = 'handle' | 'text' | 'path' | 'int' | 'size' | 'array';
/** What comes out. */
export type Out = 'handle' | 'size' | 'int';

interface Entry {
  readonly at: number;
  readonly in: readonly In[];
  readonly out: readonly Out[];
}

/** The lowest version of the table that has everything below (I/O binding and per-run log levels are far older). */
export const apiVersion = 16;

/** Each returns a status, which becomes an error. */
export const functions = {
  CreateSession: { at: 7, in: ['handle', 'path', 'handle'], out: ['handle'] },
  CreateSessionOptions: { at: 10, in: [], out: ['handle'] },
  DisableCpuMemArena: { at: 19, in: ['handle'], out: [] },
  SetSessionLogSeverityLevel: { at: 22, in: ['handle', 'int'], out: [] },
  SetIntraOpNumThreads: { at: 24, in: ['handle', 'int'], out: [] },
  SessionGetInputCount: { at: 30, in: ['handle'], out: ['size'] },
  SessionGetOutputCount: { at: 31, in: ['handle'], out: ['size'] },
  SessionGetInputTypeInfo: { at: 33, in: ['handle', 'size'], out: ['handle'] },
  SessionGetOutputTypeInfo: { at: 34, in: ['handle', 'size'], out: ['handle'] },
  SessionGetInputName: { at: 36, in: ['handle', 'size', 'handle'], out: ['handle'] },
  SessionGetOutputName: { at: 37, in: ['handle', 'size', 'handle'], out: ['handle'] },
  CreateRunOptions: { at: 39, in: [], out: ['handle'] },
  RunOptionsSetRunLogSeverityLevel: { at: 41, in: ['handle', 'int'], out: [] },
  RunOptionsSetTerminate: { at: 46, in: ['handle'], out: [] },
  RunOptionsUnsetTerminate: { at: 47, in: ['handle'], out: [] },
  /** memory info, address, bytes, dims, rank, element code. */
  CreateTensorWithDataAsOrtValue: {
    at: 49,
    in: ['handle', 'handle', 'size', 'array', 'size', 'int'],
    out: ['handle'],
  },
  GetTensorMutableData: { at: 51, in: ['handle'], out: ['handle'] },
  CastTypeInfoToTensorInfo: { at: 55, in: ['handle'], out: ['handle'] },
  GetTensorElementType: { at: 60, in: ['handle'], out: ['int'] },
  GetDimensionsCount: { at: 61, in: ['handle'], out: ['size'] },
  GetDimensions: { at: 62, in: ['handle', 'array', 'size'], out: [] },
  GetSymbolicDimensions: { at: 63, in: ['handle', 'array', 'size'], out: [] },
  GetTensorTypeAndShape: { at: 65, in: ['handle'], out: ['handle'] },
  CreateCpuMemoryInfo: { at: 69, in: ['int', 'int'], out: ['handle'] },
  AllocatorFree: { at: 76, in: ['handle', 'handle'], out: [] },
  GetAllocatorWithDefaultOptions: { at: 78, in: [], out: ['handle'] },
  /** log level, name, threading options. */
  CreateEnvWithGlobalThreadPools: { at: 119, in: ['int', 'text', 'handle'], out: ['handle'] },
  DisablePerSessionThreads: { at: 120, in: ['handle'], out: [] },
  CreateThreadingOptions: { at: 121, in: [], out: ['handle'] },
  AddSessionConfigEntry: { at: 130, in: ['handle', 'text', 'text'], out: [] },
  /** session, run options, binding. */
  RunWithBinding: { at: 133, in: ['handle', 'handle', 'handle'], out: [] },
  CreateIoBinding: { at: 134, in: ['handle'], out: ['handle'] },
  BindInput: { at: 136, in: ['handle', 'text', 'handle'], out: [] },
  BindOutput: { at: 137, in: ['handle', 'text', 'handle'], out: [] },
  BindOutputToDevice: { at: 138, in: ['handle', 'text', 'handle'], out: [] },
  SetGlobalIntraOpNumThreads: { at: 147, in: ['handle', 'int'], out: [] },
  /** binding, allocator → array of values, how many. */
  GetBoundOutputValues: { at: 140, in: ['handle', 'handle'], out: ['handle', 'size'] },
} as const satisfies Readonly<Record<string, Entry>>;

/** Each takes one handle and returns nothing. */
export const releases = {
  ReleaseStatus: 93,
  ReleaseSession: 95,
  ReleaseValue: 96,
  ReleaseRunOptions: 97,
  ReleaseTypeInfo: 98,
  ReleaseTensorTypeAndShapeInfo: 99,
  ReleaseSessionOptions: 100,
  ReleaseThreadingOptions: 122,
  ReleaseIoBinding: 135,
} as const satisfies Readonly<Record<string, number>>;

/** How a status is read. */
export const statusPlaces = { GetErrorCode: 1, GetErrorMessage: 2 } as const;
