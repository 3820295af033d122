/**
 * From what a family says of its checkpoint to the files of a bundle that reads pictures and makes text: the decoder,
 * tables and heads of the ports, the encoder, the tokenizer. Holds the checkpoint against it before anything is written.
 */
import { createTokenSpace, type ManifestParts, type Tensor } from '@any-to-any/core';
import type { AttentionShape, KvScales } from '../../blocks/attention.ts';
import type { Model } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { openTensors } from '../../safetensors/open.ts';
import { keepScales } from '../any-to-any/calibrate.ts';
import type { FamilyJob } from '../family.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { describeBundle, describeChat, fileNames } from '../llama/manifest.ts';
import { portOutputs } from '../llama/ports.ts';
import { restrictTokenizer } from '../llama/restrict.ts';
import type { TextTokens } from '../llama/tokens.ts';
import type { Vocabulary } from '../llama/vocabulary.ts';
import { dataOutput, graphOutput, type Output, writeOutputs } from '../output.ts';
import { calibrateReading } from './calibrate.ts';
import { describeReading, type PictureReading, understandFile } from './reading.ts';

export interface ReadingModel {
  /** The decoder as the engine sees it. */
  readonly plan: AttentionShape & {
    readonly width: number;
    readonly layers: number;
    readonly context: number;
  };
  /** Whether the decoder is told which positions are pictures. */
  readonly modality: boolean;
  readonly tokens: TextTokens;
  /** The text, and marks, those around a picture among them. */
  readonly vocabulary: Vocabulary;
  /** Ids of text, and rows of the embedding table. */
  readonly ids: number;
  readonly rows: number;
  readonly reading: PictureReading;
  /** The encoder's input: pixels, and what else it takes with any picture. */
  readonly pixels: { readonly dims: readonly number[]; readonly more?: Readonly<Record<string, Tensor>> };
  /** Every tensor is declared to the ledger here, and by the first call of `decoder`. */
  build(ledger: Ledger, tensors: TensorReader['tensors']): ReadingGraphs;
}

export interface ReadingGraphs {
  readonly encoder: Model;
  /** Without scales the cache is float32. */
  decoder(kvScales?: readonly KvScales[]): Model;
  /** `[rows, width]` and `[ids, width]`. */
  readonly table: LoadWeights;
  readonly head: LoadWeights;
}

export async function compileReading(job: FamilyJob, model: ReadingModel): Promise<ManifestParts> {
  const { tokens, vocabulary, plan, rows, ids, modality } = model;
  const sampled = Object.keys(tokens.sampling).length > 0;
  const about = sampled ? { sampling: { text: { ...tokens.sampling } } } : {};
  const text = describeBundle({ plan, vocabulary, about, settings: job.settings });
  const described = describeReading(text, vocabulary, rows, model.reading);
  createTokenSpace(described.space); // what overlaps is an error before anything is read
  const reader = await openTensors(job.checkpoint, 'model');
  try {
    const outputs = await graphOutputs(job, model, described.space, reader);
    const own = restrictTokenizer(tokens.json, { offset: 0, size: ids });
    const json = dataOutput(fileNames.tokenizer, new TextEncoder().encode(JSON.stringify(own)));
    const { chat, special } = tokens;
    const { placeholder } = model.reading;
    const places = placeholder === undefined ? {} : { placeholders: { image: placeholder } };
    const more = chat === undefined ? [] : [describeChat(vocabulary, chat, special, places)];
    await writeOutputs(job, [...outputs, json, ...more.map((data) => dataOutput(fileNames.chat, data))]);
  } finally {
    await reader.close();
  }
  return { ...described, decoder: { ...described.decoder, inputs: { modality, buckets: false } } };
}

/** Runs encoder and decoder if the cache has to be calibrated. */
async function graphOutputs(
  job: FamilyJob,
  model: ReadingModel,
  space: ManifestParts['space'],
  reader: TensorReader,
): Promise<Output[]> {
  const { settings } = job;
  const { plan, modality, vocabulary, pixels } = model;
  const { quantization, halves, kv } = settings;
  const ledger = openLedger(reader);
  const { encoder, decoder, table, head } = model.build(ledger, reader.tensors);
  const exact = decoder();
  ledger.check();
  const { outputs, tables } = portOutputs({ table, head, width: plan.width, vocabulary, settings });
  const calibration = { job, plan, modality, space, model: exact, encoder, tables, pixels };
  const measure = () => calibrateReading(calibration);
  const kept = kv === 'f32' ? exact : decoder(await keepScales(job, measure));
  return [
    graphOutput(fileNames.decoder, kept, halves),
    ...outputs,
    graphOutput(understandFile, encoder, halves || quantization !== undefined),
  ];
}
