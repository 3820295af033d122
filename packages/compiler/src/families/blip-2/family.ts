/**
 * The family `blip-2`: reads a picture as a few embeddings before the text, and makes text. Describes every file from
 * the config, holds the checkpoint against that, and only then writes.
 */
import { join } from 'node:path';
import { createTokenSpace, type ManifestParts } from '@any-to-any/core';
import type { TensorReader } from '../../safetensors/file.ts';
import { openTensors } from '../../safetensors/open.ts';
import type { Family, FamilyJob } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { describeBundle, fileNames } from '../llama/manifest.ts';
import { portOutputs } from '../llama/ports.ts';
import { restrictTokenizer } from '../llama/restrict.ts';
import { readTokens } from '../llama/tokens.ts';
import { checkVocabulary, textVocabulary, type Vocabulary } from '../llama/vocabulary.ts';
import { dataOutput, graphOutput, type Output, writeOutputs } from '../output.ts';
import { calibrateReading } from '../understanding/calibrate.ts';
import { readPixelOptions } from '../understanding/pixels.ts';
import { describeReading, pictureOpen, understandFile } from '../understanding/reading.ts';
import { type Blip2Plan, modelTypes, planBlip2 } from './config.ts';
import { buildEncoder } from './encoder.ts';
import { buildOpt, optRoot } from './opt.ts';

/** The mark after the embeddings: the text model's first token. */
const pictureClose = '</img>';

export const blip2: Family = {
  name: 'blip-2',
  modelTypes,
  async compile(job) {
    const { checkpoint, settings } = job;
    const path = join(checkpoint, 'config.json');
    const plan = planBlip2(path, job.config, settings.context);
    const tokens = await readTokens(checkpoint, { bos_token_id: plan.begin, eos_token_id: plan.ends });
    const vocabulary = vocabularyOf(plan, tokens);
    checkVocabulary(path, vocabulary, plan.opt.vocabulary);
    const { side } = plan.vision;
    const pixels = await readPixelOptions(checkpoint, { side }, 'bicubic');
    const about = Object.keys(tokens.sampling).length === 0 ? {} : { sampling: { text: tokens.sampling } };
    const text = describeBundle({ plan: plan.opt, vocabulary, about, settings });
    const parts: ManifestParts = describeReading(text, vocabulary, plan.opt.vocabulary, {
      close: pictureClose,
      encoder: {
        width: plan.opt.width,
        count: plan.qFormer.queries,
        pixels: { fit: 'stretch', side, ...pixels },
      },
    });
    createTokenSpace(parts.space); // what overlaps is an error before anything is read
    const reader = await openTensors(checkpoint, 'model');
    try {
      const outputs = await weightOutputs(job, plan, vocabulary, parts.space, reader);
      const own = restrictTokenizer(tokens.json, { offset: 0, size: plan.opt.vocabulary });
      const json = new TextEncoder().encode(JSON.stringify(own));
      await writeOutputs(job, [...outputs, dataOutput(fileNames.tokenizer, json)]);
    } finally {
      await reader.close();
    }
    return parts;
  },
};

/**
 * The text model's first token stands behind the picture, not before it: it closes the segment of the picture, and
 * nothing begins the sequence.
 */
function vocabularyOf(plan: Blip2Plan, tokens: Parameters<typeof textVocabulary>[1]): Vocabulary {
  const vocabulary = textVocabulary(plan.opt.vocabulary, { ...tokens, addsBegin: false });
  const marks = [
    ...vocabulary.marks,
    { name: pictureOpen },
    { name: pictureClose, id: tokens.begin ?? plan.begin },
  ];
  return { ...vocabulary, marks };
}

async function weightOutputs(
  job: FamilyJob,
  plan: Blip2Plan,
  vocabulary: Vocabulary,
  space: ManifestParts['space'],
  reader: TensorReader,
): Promise<Output[]> {
  const { settings } = job;
  const { quantization, halves, kv } = settings;
  const { opt } = plan;
  const ledger = openLedger(reader);
  const encoder = buildEncoder(plan, ledger.weights);
  const model = buildOpt(opt, ledger.weights, { quantization });
  const table = ledger.weights(`${optRoot}.embed_tokens.weight`, [opt.vocabulary, opt.width]);
  const own = 'language_model.lm_head.weight';
  // A tied model may hold its head all the same.
  const head =
    !opt.tied || reader.tensors.has(own) ? ledger.weights(own, [opt.vocabulary, opt.width]) : table;
  ledger.check();
  const { outputs, tables } = portOutputs({ table, head, width: opt.width, vocabulary, settings });
  const understand = graphOutput(understandFile, encoder, halves || quantization !== undefined);
  if (kv === 'f32') return [graphOutput(fileNames.decoder, model, halves), ...outputs, understand];
  const { side } = plan.vision;
  const pixels = { dims: [1, 3, side, side] };
  const reading = { job, plan: opt, modality: false, space, model, encoder, tables, pixels };
  const kvScales = await calibrateReading(reading);
  const decoder = buildOpt(opt, ledger.weights, { quantization, kvScales });
  return [graphOutput(fileNames.decoder, decoder, halves), ...outputs, understand];
}
