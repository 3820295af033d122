/**
 * The family `llama`: causal language models of the shape of Llama, Mistral, Qwen2 and Qwen3, of text alone or with
 * regions of other modalities in their vocabulary. Describes every file, holds the checkpoint against that, writes.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTokenSpace } from '@any-to-any/core';
import type { Weights } from '../../blocks/build.ts';
import type { Model } from '../../onnx/model.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { keepScales } from '../any-to-any/calibrate.ts';
import type { Family, FamilyJob } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { copyOutput, dataOutput, graphOutput, type Output, writeOutputs } from '../output.ts';
import { calibrateLlama } from './calibrate.ts';
import { buildLlama } from './decoder.ts';
import { modelTypes } from './hugging-face.ts';
import { type ChatPlaces, describeBundle, describeChat, fileNames } from './manifest.ts';
import { renameTensor } from './plan.ts';
import { portOutputs } from './ports.ts';
import { restrictTokenizer } from './restrict.ts';
import { type LlamaSource, openLlama } from './source.ts';
import type { TextTokens } from './tokens.ts';
import { checkVocabulary, describeSpace, textVocabulary, type Vocabulary } from './vocabulary.ts';

export const llama: Family = {
  name: 'llama',
  modelTypes,
  async compile(job) {
    const source = await openLlama(job);
    try {
      const { plan, path } = source;
      const tokens = needsTokens(source.vocabulary) ? await source.tokens() : undefined;
      // Without a vocabulary of its own, tokens are needed.
      const vocabulary = source.vocabulary ?? textVocabulary(plan.vocabulary, tokens!);
      checkVocabulary(path, vocabulary, plan.vocabulary);
      createTokenSpace(describeSpace(vocabulary)); // regions that overlap are an error before anything is read
      const weights = await weightOutputs(job, source, vocabulary);
      await writeOutputs(job, [...weights, ...(await tokenizerOutputs(job, vocabulary, tokens))]);
      const about = { ...source.about, sampling: source.about.sampling ?? samplingOf(tokens) };
      return describeBundle({ plan, vocabulary, about, settings: job.settings });
    } finally {
      await source.reader.close();
    }
  },
};

function needsTokens(vocabulary: Vocabulary | undefined): boolean {
  return vocabulary === undefined || vocabulary.regions.some(({ tokenizer }) => tokenizer.kind !== 'plugin');
}

export function samplingOf(tokens: TextTokens | undefined): Record<string, Record<string, number>> {
  return tokens === undefined || Object.keys(tokens.sampling).length === 0
    ? {}
    : { text: { ...tokens.sampling } };
}

/** The decoder, and table and head of every port. Runs the decoder once if its cache has to be calibrated. */
export async function weightOutputs(
  job: FamilyJob,
  { plan, names, reader }: Pick<LlamaSource, 'plan' | 'names' | 'reader'>,
  vocabulary: Vocabulary,
): Promise<Output[]> {
  const { quantization, halves, kv } = job.settings;
  const { width } = plan;
  const ledger = openLedger(reader);
  const weights: Weights = (name, shape) => ledger.weights(renameTensor(names, name), shape);
  const decoder = buildLlama(plan, weights, { quantization });
  const table = ledger.weights(names.embedding, [plan.vocabulary, width]);
  // A tied model may hold its head all the same.
  const own = !plan.tied || reader.tensors.has(names.head);
  const head = own ? ledger.weights(names.head, [plan.vocabulary, width]) : table;
  ledger.check();

  const { outputs, tables } = portOutputs({ table, head, width, vocabulary, settings: job.settings });
  const graph = (file: string, model: Model): Output => graphOutput(file, model, halves);
  if (kv === 'f32') return [graph(fileNames.decoder, decoder), ...outputs];
  const measure = () => calibrateLlama({ job, plan, vocabulary, model: decoder, tables });
  const kvScales = await keepScales(job, measure);
  const quantized = buildLlama(plan, weights, { quantization, kvScales });
  return [graph(fileNames.decoder, quantized), ...outputs];
}

export async function tokenizerOutputs(
  { checkpoint }: FamilyJob,
  vocabulary: Vocabulary,
  tokens: TextTokens | undefined,
  places?: ChatPlaces,
): Promise<Output[]> {
  const outputs: Output[] = [];
  for (const { tokenizer, ids } of vocabulary.regions) {
    if (tokenizer.kind === 'plugin') {
      for (const file of tokenizer.files) outputs.push(await fileOutput(checkpoint, file));
    } else if (tokens !== undefined) {
      const json = JSON.stringify(restrictTokenizer(tokens.json, ids));
      outputs.push(dataOutput(fileNames.tokenizer, new TextEncoder().encode(json)));
    }
  }
  if (tokens?.chat === undefined) return outputs;
  const chat = describeChat(vocabulary, tokens.chat, tokens.special, places);
  return [...outputs, dataOutput(fileNames.chat, chat)];
}

async function fileOutput(directory: string, file: string): Promise<Output> {
  const path = join(directory, file);
  const info = await stat(path).catch((cause: unknown) => {
    throw checkpointInvalid(path, 'cannot be read. It is named as a file of a tokenizer.', { cause });
  });
  return copyOutput(file, info.size);
}
