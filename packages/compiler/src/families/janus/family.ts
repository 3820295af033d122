/**
 * The family `janus`: Janus and Janus-Pro, as `transformers` saves them or as DeepSeek published them. A Llama that reads
 * pictures through a SigLIP tower and draws them as codes of a VQ model. Describes every file, holds the checkpoint
 * against that, and only then writes.
 */
import { join } from 'node:path';
import { createTokenSpace, type ManifestParts } from '@any-to-any/core';
import type { Weights } from '../../blocks/build.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import { openTensors } from '../../safetensors/open.ts';
import { keepScales } from '../any-to-any/calibrate.ts';
import type { Family, FamilyJob } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { calibrateLlama } from '../llama/calibrate.ts';
import { buildLlama } from '../llama/decoder.ts';
import { buildMarksHead, buildRegionHead, type HeadSource } from '../llama/head.ts';
import { namesOf } from '../llama/hugging-face.ts';
import { describeBundle, fileNames } from '../llama/manifest.ts';
import { renameTensor } from '../llama/plan.ts';
import { pickRows } from '../llama/rows.ts';
import { readTokens, type TextTokens } from '../llama/tokens.ts';
import { checkVocabulary, describeSpace, markCapacity, type Vocabulary } from '../llama/vocabulary.ts';
import { dataOutput, graphOutput, type Output, tableOutput, writeOutputs } from '../output.ts';
import { describeJanusChat } from './chat.ts';
import { parseJanus, planJanus, textConfig } from './config.ts';
import { buildJanusEncoder } from './image-encoder.ts';
import { buildImageHead, imageTable } from './image-port.ts';
import {
  buildImageGraphs,
  describeImageEncoder,
  describeImageTokenizer,
  imageFiles,
} from './image-tokenizer.ts';
import type { JanusPlan } from './plan.ts';
import { fromRawConfig, rawModelType } from './raw-config.ts';
import { janusTensors } from './tensors.ts';
import { janusVocabulary } from './vocabulary.ts';

/** What the makers advise where generation_config.json does not say. */
const guidance = 5;
/** Ids of an answer in words, as in the makers' examples. */
const longestAnswer = 512;

export const janus: Family = {
  name: 'janus',
  modelTypes: ['janus', rawModelType],
  async compile(job) {
    const path = join(job.checkpoint, 'config.json');
    const { model_type: type } = job.config as { model_type?: unknown }; // it has been found by it
    const config = parseJanus(path, type === rawModelType ? fromRawConfig(path, job.config) : job.config);
    const plan = planJanus(path, config, job.settings.context);
    const tokens = await readTokens(job.checkpoint, textConfig(path, config));
    const vocabulary = janusVocabulary(path, plan, tokens, describeImageTokenizer(plan));
    // Codes come behind the vocabulary, everything else is a part of it.
    checkVocabulary(path, { ...vocabulary, regions: vocabulary.regions.slice(0, 1) }, plan.text.vocabulary);
    createTokenSpace(describeSpace(vocabulary)); // regions that overlap are an error before anything is read
    const reader = janusTensors(await openTensors(job.checkpoint, 'model'));
    try {
      const ledger = openLedger(reader);
      const names = namesOf(reader.tensors);
      const weights: Weights = (name, shape) =>
        ledger.weights(isShared(name) ? renameTensor(names, name) : name, shape);
      const outputs = await weightOutputs({ job, plan, vocabulary, weights, check: () => ledger.check() });
      await writeOutputs(job, [...outputs, ...textOutputs(vocabulary, tokens)]);
    } finally {
      await reader.close();
    }
    return describeJanus(job, plan, vocabulary, tokens);
  },
};

/** Tensors of the decoder go by the names of the graph, the others by those of the checkpoint. */
function isShared(name: string): boolean {
  return name === 'norm.weight' || name.startsWith('layers.');
}

interface Weighed {
  readonly job: FamilyJob;
  readonly plan: JanusPlan;
  readonly vocabulary: Vocabulary;
  readonly weights: Weights;
  /** Called once everything that is needed has been asked for. */
  readonly check: () => void;
}

async function weightOutputs({ job, plan, vocabulary, weights, check }: Weighed): Promise<Output[]> {
  const { quantization, halves, kv, tables: stored, nearestCodes } = job.settings;
  const { text, vq } = plan;
  const { width } = text;
  const decoder = buildLlama(text, weights, { quantization });
  const table = weights('model.language_model.embed_tokens.weight', [text.vocabulary, width]);
  const source: HeadSource = {
    load: weights('lm_head.weight', [text.vocabulary, width]),
    width,
    quantization,
  };
  const codes = imageTable(plan, weights);
  const imageHead = buildImageHead(plan, weights, quantization);
  // A tower of some hundred million weights is stored as the decoder is, but never below 8 bits.
  const encoder = buildJanusEncoder(plan, weights, quantization && { ...quantization, bits: 8 });
  const { encode, decode } = buildImageGraphs(plan, weights, nearestCodes);
  check();

  const small = halves || quantization !== undefined;
  const capacity = markCapacity(vocabulary);
  const markIds = Array.from({ length: capacity }, (_, mark) => vocabulary.marks[mark]?.id);
  const marks = pickRows(table, width, { offset: 0, size: 0 }, markIds);
  const type = stored === 'f16' ? 'float16' : 'float32';
  const [words] = vocabulary.regions;
  const outputs = [
    tableOutput(fileNames.table('marks'), capacity * width, marks, type),
    graphOutput(fileNames.head('marks'), buildMarksHead(vocabulary, source), halves),
    tableOutput(fileNames.table('text'), text.vocabulary * width, table, type),
    graphOutput(fileNames.head('text'), buildRegionHead(words!, source), halves), // text comes first
    tableOutput(fileNames.table('image'), vq.codes * width, codes, type),
    graphOutput(fileNames.head('image'), imageHead, halves),
    graphOutput(imageFiles.understand, encoder, small),
    graphOutput(imageFiles.encode, encode),
    graphOutput(imageFiles.decode, decode, small),
  ];
  if (kv === 'f32') return [graphOutput(fileNames.decoder, decoder, halves), ...outputs];
  const tables = new Map<string, LoadWeights>([
    ['marks', marks],
    ['text', table],
    ['image', codes],
  ]);
  const measure = () => calibrateLlama({ job, plan: text, vocabulary, model: decoder, tables });
  const kvScales = await keepScales(job, measure);
  const quantized = buildLlama(text, weights, { quantization, kvScales });
  return [graphOutput(fileNames.decoder, quantized, halves), ...outputs];
}

function textOutputs(vocabulary: Vocabulary, tokens: TextTokens): Output[] {
  const json = new TextEncoder().encode(JSON.stringify(tokens.json));
  return [
    dataOutput(fileNames.tokenizer, json),
    dataOutput(fileNames.chat, describeJanusChat(vocabulary, tokens)),
  ];
}

function describeJanus(
  { settings }: FamilyJob,
  plan: JanusPlan,
  vocabulary: Vocabulary,
  tokens: TextTokens,
): ManifestParts {
  const about = {
    sampling: {
      text: { temperature: 0, maxIds: longestAnswer, ...tokens.sampling },
      image: { temperature: 1, guidance: tokens.guidance ?? guidance },
    },
    unconditional: 'pad',
  } as const;
  const parts = describeBundle({ plan: plan.text, vocabulary, about, settings });
  const { image, ...ports } = parts.ports;
  return { ...parts, ports: { ...ports, image: { ...image, encoder: describeImageEncoder(plan) } } };
}
