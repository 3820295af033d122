/**
 * The family `mllama`: Llama 3.2 Vision reads pictures through layers of cross attention and makes text. Describes every
 * file from the config, holds the checkpoint against that, and only then writes.
 */
import { join } from 'node:path';
import { createTokenSpace, type ManifestParts, type Tensor } from '@any-to-any/core';
import type { Weights } from '../../blocks/build.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { openTensors } from '../../safetensors/open.ts';
import type { Family, FamilyJob } from '../family.ts';
import { openLedger } from '../ledger.ts';
import { namesOf } from '../llama/hugging-face.ts';
import { describeBundle, describeChat, fileNames } from '../llama/manifest.ts';
import { renameTensor, type TensorNames } from '../llama/plan.ts';
import { portOutputs } from '../llama/ports.ts';
import { restrictTokenizer } from '../llama/restrict.ts';
import { readTokens, type TextTokens } from '../llama/tokens.ts';
import { checkVocabulary, textVocabulary, type Vocabulary } from '../llama/vocabulary.ts';
import { dataOutput, graphOutput, type Output, writeOutputs } from '../output.ts';
import { calibrateReading } from '../understanding/calibrate.ts';
import { readPixelOptions } from '../understanding/pixels.ts';
import { describeReading, pictureOpen, understandFile } from '../understanding/reading.ts';
import { extraRows, type MllamaPlan, type MllamaText, modelTypes, planMllama } from './config.ts';
import { buildMllama } from './decoder.ts';
import { buildVision, patchesOf } from './vision.ts';

export const mllama: Family = {
  name: 'mllama',
  modelTypes,
  async compile(job) {
    const { checkpoint, settings } = job;
    const path = join(checkpoint, 'config.json');
    const plan = planMllama(path, job.config, settings.context);
    const tokens = await readTokens(checkpoint, plan.ids);
    const { vocabulary, close } = vocabularyOf(plan, tokens);
    checkVocabulary(path, vocabulary, plan.text.vocabulary + extraRows);
    const parts = await describe(job, plan, tokens, vocabulary, close);
    createTokenSpace(parts.space); // what overlaps is an error before anything is read
    const reader = await openTensors(checkpoint, 'model');
    try {
      const outputs = await weightOutputs(job, plan, vocabulary, parts.space, reader);
      const own = restrictTokenizer(tokens.json, { offset: 0, size: plan.text.vocabulary });
      const json = new TextEncoder().encode(JSON.stringify(own));
      const chat = describeChat(vocabulary, tokens);
      await writeOutputs(job, [
        ...outputs,
        dataOutput(fileNames.tokenizer, json),
        ...(chat === undefined ? [] : [dataOutput(fileNames.chat, chat)]),
      ]);
    } finally {
      await reader.close();
    }
    return parts;
  },
};

/** The image token closes the segment of a picture: it is a position of text, the first that sees the picture. */
function vocabularyOf(
  { text, imageToken }: MllamaPlan,
  tokens: TextTokens,
): { readonly vocabulary: Vocabulary; readonly close: string } {
  const known = textVocabulary(text.vocabulary, tokens);
  const named = known.marks.find(({ id }) => id === imageToken)?.name;
  const close = named ?? '</img>';
  const more = named === undefined ? [{ name: close, id: imageToken }] : [];
  return { vocabulary: { ...known, marks: [...known.marks, { name: pictureOpen }, ...more] }, close };
}

async function describe(
  { checkpoint, settings }: FamilyJob,
  { text, vision }: MllamaPlan,
  tokens: TextTokens,
  vocabulary: Vocabulary,
  close: string,
): Promise<ManifestParts> {
  const { side, tiles: most } = vision;
  const pixels = await readPixelOptions(checkpoint, { side, tiles: most }, 'bilinear');
  const about = Object.keys(tokens.sampling).length === 0 ? {} : { sampling: { text: tokens.sampling } };
  const plan = withSequence(text);
  const parts = describeReading(
    describeBundle({ plan, vocabulary, about, settings }),
    vocabulary,
    text.vocabulary + extraRows,
    {
      close,
      encoder: {
        width: text.width,
        count: patchesOf(vision),
        pixels: { fit: 'tiles', side, most, ...pixels },
      },
    },
  );
  return { ...parts, decoder: { ...parts.decoder, inputs: { modality: true, buckets: false } } };
}

async function weightOutputs(
  job: FamilyJob,
  { text, vision }: MllamaPlan,
  vocabulary: Vocabulary,
  space: ManifestParts['space'],
  reader: TensorReader,
): Promise<Output[]> {
  const { settings } = job;
  const { quantization, halves, kv } = settings;
  const { width, vocabulary: size } = text;
  const ledger = openLedger(reader);
  const names = namesOf(reader.tensors);
  const root = reader.tensors.has('vision_model.class_embedding') ? '' : 'model.';
  const encoder = buildVision(vision, width, (name, shape) => ledger.weights(`${root}${name}`, shape));
  const renamed: Weights = (name, shape) => ledger.weights(renameMllama(names, name), shape);
  const model = buildMllama(text, renamed, { quantization });
  const table = ledger.weights(names.embedding, [size + extraRows, width]);
  const head = ledger.weights(names.head, [size, width]);
  ledger.check();
  const { outputs, tables } = portOutputs({ table, head, width, vocabulary, settings });
  const understand = graphOutput(understandFile, encoder, halves || quantization !== undefined);
  if (kv === 'f32') return [graphOutput(fileNames.decoder, model, halves), ...outputs, understand];
  const { side, tiles } = vision;
  const aspect: Tensor = { data: BigInt64Array.of(1n), dims: [1] };
  const kvScales = await calibrateReading({
    job,
    plan: withSequence(text),
    modality: true,
    space,
    model,
    encoder,
    tables,
    pixels: { dims: [tiles, 3, side, side], more: { aspect } },
  });
  const decoder = buildMllama(text, renamed, { quantization, kvScales });
  return [graphOutput(fileNames.decoder, decoder, halves), ...outputs, understand];
}

/** One layer more: it keeps which positions are pictures. */
function withSequence(text: MllamaText): MllamaText {
  return { ...text, layers: text.layers + 1 };
}

/** The name in the checkpoint of a name of the decoder's graph. */
function renameMllama(names: TensorNames, name: string): string {
  const [, index, part] = /^layers\.(\d+)\.(cross.*|feed_forward_gate)$/.exec(name) ?? [];
  if (part === undefined) return renameTensor(names, name);
  const layer = names.layer(Number(index), 'attention.norm').replace(/input_layernorm$/, '');
  if (part === 'cross_gate') return `${layer}cross_attn_attn_gate`;
  if (part === 'feed_forward_gate') return `${layer}cross_attn_mlp_gate`;
  return `${layer}${part.replace(/^cross\.(.*)\.weight$/, (_, own: string) => `cross_attn.${own.endsWith('norm') ? own : `${own}_proj`}.weight`)}`;
}
