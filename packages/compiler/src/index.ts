export { type AddModalityOptions, addModality } from './add-modality.ts';
export { addPatchStage } from './add-patch-stage.ts';
export {
  type AttentionShape,
  type CachedAttention,
  cachedAttention,
  type KvScales,
} from './blocks/attention.ts';
export { type Build, type Weights, weight } from './blocks/build.ts';
export { type Convolution, convolution, gelu } from './blocks/convolution.ts';
export { type FeedForward, swiglu } from './blocks/feed-forward.ts';
export { type LinearPart, linear } from './blocks/linear.ts';
export { addAndNorm, addAndNormLast, headNorm, type Norm, rmsNorm } from './blocks/norm.ts';
export { type Rotary, rotaryTables } from './blocks/rotary.ts';
export { affine, layerNorm } from './blocks/transformer.ts';
export { type CompiledManifest, compile } from './compile.ts';
export { buildDecoder, type DecoderOptions, type DecoderPlan } from './families/any-to-any/decoder.ts';
export { buildHead, type HeadPlan } from './families/any-to-any/head.ts';
export { buildPatchStage, type PatchPlan } from './families/any-to-any/patch-stage.ts';
export { type Ledger, openLedger } from './families/ledger.ts';
export { type TableType, writeTable } from './families/table.ts';
export { GraphBuilder, type Value } from './onnx/graph.ts';
export type { Attribute, ElementType, Initializer, Model, Node, ValueInfo } from './onnx/model.ts';
export type { LoadWeights } from './onnx/pieces.ts';
export { modelBytes, type SaveOptions, saveModel } from './onnx/save.ts';
export type { CompileOptions, CompileProgress } from './options.ts';
export { dequantize, type Quantization, type QuantizedMatrix } from './quantize/block.ts';
export { quantizeMatrix } from './quantize/matrix.ts';
export type { DType } from './safetensors/dtype.ts';
export { openSafetensors, type TensorReader } from './safetensors/file.ts';
export type { TensorInfo } from './safetensors/header.ts';
export { openTensors } from './safetensors/open.ts';
export { openSharded } from './safetensors/sharded.ts';
export { type TensorToWrite, writeSafetensors } from './safetensors/write.ts';
export { holdLock, type Lock } from './work/lock.ts';
