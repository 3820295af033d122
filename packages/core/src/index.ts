export {
  type AdapterBundle,
  type AdapterManifest,
  type AdapterManifestParts,
  openAdapterBundle,
  writeAdapterManifest,
} from './bundle/adapter.ts';
export { locateBundle } from './bundle/locate.ts';
export {
  bundleFormat,
  type DecoderDescription,
  type GuidanceMode,
  guidanceModes,
  guideScalesSchema,
  type Manifest,
  manifestSchema,
  type PortDescription,
  type SamplingDefaults,
  type Voice,
} from './bundle/manifest.ts';
export { type Bundle, openBundle } from './bundle/open.ts';
export {
  openTokenizerBundle,
  type TokenizerBundle,
  type TokenizerManifest,
  type TokenizerManifestParts,
  writeTokenizerManifest,
} from './bundle/tokenizer.ts';
export { type ManifestParts, writeManifest } from './bundle/write.ts';
export type { Adapter, AdapterChoices, AdaptOptions } from './contract/adapter.ts';
export type { Content, ImageContent, SoundContent, TextContent } from './contract/content.ts';
export type { Delta, ImageDelta, PluginDelta, Rectangle, SoundDelta, TextDelta } from './contract/delta.ts';
export type { EncodedEmbeddings, Encoder } from './contract/encoder.ts';
export type {
  AppendRequest,
  AppendResult,
  EmbeddingRun,
  Engine,
  EngineSequence,
  GuideUse,
  IdRun,
  Place,
  Run,
} from './contract/engine.ts';
export type {
  Event,
  Finish,
  Progress,
  SegmentDelta,
  SegmentEnd,
  SegmentStart,
  Usage,
} from './contract/event.ts';
export type { Graph, Tensor, TensorData } from './contract/graph.ts';
export type { Layout, Shape } from './contract/layout.ts';
export type { Factory, Plugin, Port, PortFiles, Registry } from './contract/plugin.ts';
export type { Processor, ProcessorState } from './contract/processor.ts';
export type { DecodeOptions, EncodedIds, EncodeOptions, Tokenizer } from './contract/tokenizer.ts';
export { type LocalEngine, openLocalEngine } from './decoder/local-engine.ts';
export type { SamplingOptions } from './decoder/sampling/sampler.ts';
export {
  AnyToAnyError,
  aborted,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  rejectUnknownOptions,
  throwIfAborted,
} from './errors.ts';
export { createPipeline, type PipelineOptions } from './host/create.ts';
export { type OpenAdapter, type OpenAdapterOptions, openAdapter } from './host/open-adapter.ts';
export { type OpenTokenizer, type OpenTokenizerOptions, openTokenizer } from './host/open-tokenizer.ts';
export type { Answer, AnswerSegment } from './pipeline/answer.ts';
export type { Conversation } from './pipeline/conversation.ts';
export type { Pipeline } from './pipeline/pipeline.ts';
export type { Mark, ModalityOptions, Request } from './pipeline/request.ts';
export { openDevice } from './runtime/device.ts';
export { openGraph } from './runtime/graph.ts';
export type {
  Binding,
  Device,
  DeviceOptions,
  ElementArrays,
  ElementType,
  Memory,
  NativeTensor,
  Session,
  SessionOptions,
  TensorInfo,
} from './runtime/interface.ts';
export { canonicalHash, canonicalJson } from './token-space/canonical.ts';
export {
  type Cell,
  cellOf,
  type GridOptions,
  gridLayout,
  indexOf,
  type LineOptions,
  lineLayout,
} from './token-space/layout.ts';
export { type RegionDescription, type SpaceDescription, spaceSchema } from './token-space/schema.ts';
export { createTokenSpace, type Region, type TokenSpace } from './token-space/space.ts';
