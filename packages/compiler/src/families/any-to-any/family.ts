/**
 * The family `any-to-any`: one decoder with a port per modality, as `training/` writes it.
 * Describes every file from the config, holds the checkpoint against that, and only then writes.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createTokenSpace } from '@any-to-any/core';
import type { Model } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import type { Settings } from '../../options.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { openTensors } from '../../safetensors/open.ts';
import type { Family, FamilyJob } from '../family.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { copyOutput, graphOutput, type Output, tableOutput, writeOutputs } from '../output.ts';
import { calibrate, keepScales } from './calibrate.ts';
import { bucketRows, type Config, type Modality, parseConfig, portSizes } from './config.ts';
import { buildDecoder, type DecoderPlan } from './decoder.ts';
import { guideOutput } from './guide.ts';
import { buildHead } from './head.ts';
import { buildImageEncoder } from './image-encoder.ts';
import { buildImageDecode, buildImageEncode } from './image-tokenizer.ts';
import { describeBundle, describeSpace, fileNames } from './manifest.ts';
import { buildPatchStage } from './patch-stage.ts';
import { codecOutputs, soundEncoderModel } from './sound.ts';

export const anyToAny: Family = {
  name: 'any-to-any',
  async compile(job) {
    const config = parseConfig(join(job.checkpoint, 'config.json'), job.config);
    createTokenSpace(describeSpace(config)); // regions that overlap are an error before anything is read
    const readers: TensorReader[] = [];
    const open = async (stem: string): Promise<Ledger> => {
      const reader = await openTensors(job.checkpoint, stem);
      readers.push(reader);
      return openLedger(reader);
    };
    try {
      const content = await contentGraphs(config, job.settings, open);
      const ports = await decoderOutputs(job, config, await open('decoder'), content.encoders);
      await writeOutputs(job, [...ports, ...content.outputs, ...(await vocabularyOutputs(job, config))]);
    } finally {
      await Promise.all(readers.map((reader) => reader.close()));
    }
    return describeBundle(config, job.settings);
  },
};

export function planDecoder(config: Config): DecoderPlan {
  return { ...config.decoder, modalities: 1 + config.modalities.length, bucketRows: bucketRows(config) };
}

/** The decoder, and table and head of every port. Runs the decoder once if its cache has to be calibrated. */
async function decoderOutputs(
  job: FamilyJob,
  config: Config,
  ledger: Ledger,
  encoders: ReadonlyMap<string, Model>,
): Promise<Output[]> {
  const { quantization, halves, kv, tables: stored } = job.settings;
  const { width } = config.decoder;
  const plan = planDecoder(config);
  const decoder = buildDecoder(plan, ledger.weights, { quantization });
  const tables = new Map<string, LoadWeights>();
  const outputs: Output[] = [];
  for (const { port, ids, classes, guide } of portSizes(config)) {
    const table = ledger.weights(`ports.${port}.embedding`, [ids, width]);
    tables.set(port, table);
    const type = stored === 'f16' ? 'float16' : 'float32';
    outputs.push(tableOutput(fileNames.table(port), ids * width, table, type));
    if (guide) outputs.push(guideOutput(port, guide.scales, width, ledger.weights, type));
    const head = { tensor: `ports.${port}.head.weight`, width, classes };
    outputs.push(graphOutput(fileNames.head(port), buildHead(head, ledger.weights, quantization), halves));
  }
  ledger.check();
  if (kv === 'f32') return [graphOutput(fileNames.decoder, decoder, halves), ...outputs];
  const measure = () => calibrate({ job, config, plan, model: decoder, tables, encoders });
  const kvScales = await keepScales(job, measure);
  const quantized = buildDecoder(plan, ledger.weights, { quantization, kvScales });
  return [graphOutput(fileNames.decoder, quantized, halves), ...outputs];
}

interface ContentGraphs {
  readonly outputs: readonly Output[];
  /** Understanding encoders by modality. */
  readonly encoders: ReadonlyMap<string, Model>;
}

/**
 * The graphs of the modalities that are pictures or sound. In a quantised model those that make content or read it keep
 * the weights of their products as 16-bit floats; those that choose ids stay exact.
 */
async function contentGraphs(
  config: Config,
  { quantization, halves }: Settings,
  open: (stem: string) => Promise<Ledger>,
): Promise<ContentGraphs> {
  const small = halves || quantization !== undefined;
  const outputs: Output[] = [];
  const encoders = new Map<string, Model>();
  for (const { name, tokenizer, encoder, adapters = [], size } of config.modalities) {
    if (tokenizer.kind === 'vq') {
      const ledger = await open('image-tokenizer');
      const plan = { ...tokenizer, codes: size };
      outputs.push(graphOutput(fileNames.encode, buildImageEncode(plan, ledger.weights)));
      outputs.push(graphOutput(fileNames.decode, buildImageDecode(plan, ledger.weights), small));
      ledger.check();
    }
    if (encoder?.kind === 'patch-vit') {
      const ledger = await open('image-encoder');
      const model = buildImageEncoder({ ...encoder, decoderWidth: config.decoder.width }, ledger.weights);
      ledger.check();
      encoders.set(name, model);
      outputs.push(graphOutput(fileNames.understand, model, small));
    }
    if (tokenizer.kind === 'sound-codec') outputs.push(...(await codecOutputs(tokenizer, small, open)));
    if (encoder?.kind === 'sound') {
      const { model, output } = await soundEncoderModel(encoder, config.decoder.width, small, open);
      encoders.set(name, model);
      outputs.push(output);
    }
    for (const adapter of adapters) {
      if (adapter.kind !== 'patches') continue;
      const ledger = await open('image-patches');
      const model = buildPatchStage({ ...adapter, codes: size }, ledger.weights);
      ledger.check();
      outputs.push(graphOutput(fileNames.patches, model, small));
    }
  }
  return { outputs, encoders };
}

async function vocabularyOutputs(job: FamilyJob, config: Config): Promise<Output[]> {
  const outputs: Output[] = [];
  for (const { tokenizer, encoder, adapters = [], size } of config.modalities) {
    const foreign = [tokenizer, encoder, ...adapters].flatMap((use) => {
      if (use?.kind === 'patches') return use.upsampler?.files ?? [];
      return use?.kind === 'plugin' ? use.files : [];
    });
    outputs.push(...(await pluginOutputs(job.checkpoint, [...new Set(foreign)])));
    if (tokenizer.kind === 'tiktoken')
      outputs.push(await vocabularyOutput(job.checkpoint, tokenizer.file, size));
  }
  return outputs;
}

/** The files of a foreign tokenizer, encoder or adapter go along as they are. */
async function pluginOutputs(directory: string, files: readonly string[]): Promise<Output[]> {
  return Promise.all(
    files.map(async (file) => {
      const path = join(directory, file);
      const info = await stat(path).catch((cause: unknown) => {
        throw checkpointInvalid(path, 'cannot be read. The config names it as a file of a plugin.', {
          cause,
        });
      });
      return copyOutput(file, info.size);
    }),
  );
}

/** Lines of `base64 rank`, ranks 0 … size−1 in order. */
async function vocabularyOutput(directory: string, file: string, size: Modality['size']): Promise<Output> {
  const path = join(directory, file);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw checkpointInvalid(path, 'cannot be read. The config names it as vocabulary.', { cause });
  });
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length !== size) {
    throw checkpointInvalid(path, `expected ${size} ranks, found ${lines.length}.`);
  }
  const wrong = lines.findIndex(
    (line, rank) => !/^[A-Za-z0-9+/]+=* \d+$/.test(line) || !line.endsWith(` ${rank}`),
  );
  if (wrong !== -1) {
    throw checkpointInvalid(
      path,
      `line ${wrong + 1}: expected base64 and rank ${wrong}, found "${lines[wrong]}".`,
    );
  }
  return copyOutput(file, Buffer.byteLength(text));
}
