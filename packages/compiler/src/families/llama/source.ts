/**
 * A Llama-shaped checkpoint, opened: a directory of Hugging Face, or a GGUF file. The rest of the family sees this.
 */
import { join } from 'node:path';

import { isGguf } from '../../gguf/file.ts';
import type { About } from '../../options.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { openTensors } from '../../safetensors/open.ts';
import type { FamilyJob } from '../family.ts';
import { openGgufLlama } from './gguf.ts';
import { namesOf, parseHuggingFace, planHuggingFace } from './hugging-face.ts';
import type { LlamaPlan, TensorNames } from './plan.ts';
import { readRegions } from './regions-file.ts';
import { readTokens, type TextTokens } from './tokens.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface LlamaSource {
  readonly path: string;
  readonly plan: LlamaPlan;
  readonly names: TensorNames;
  /** The caller closes it. */
  readonly reader: TensorReader;
  /** undefined: a text model. */
  readonly vocabulary: Vocabulary | undefined;
  readonly about: About;
  tokens(): Promise<TextTokens>;
}

export async function openLlama({ checkpoint, config, settings }: FamilyJob): Promise<LlamaSource> {
  if (isGguf(checkpoint)) return openGgufLlama(checkpoint, settings.context);
  const path = join(checkpoint, 'config.json');
  const parsed = parseHuggingFace(path, config);
  const plan = planHuggingFace(path, parsed, settings.context);
  const regions = await readRegions(checkpoint);
  const reader = withoutBuffers(await openTensors(checkpoint, 'model'));
  return {
    path,
    plan,
    names: namesOf(reader.tensors),
    reader,
    vocabulary: regions?.vocabulary,
    about: regions?.about ?? {},
    tokens: () => readTokens(checkpoint, parsed),
  };
}

/** Old checkpoints hold the frequencies of their rotary positions, which the config says already. */
function withoutBuffers(reader: TensorReader): TensorReader {
  const tensors = new Map([...reader.tensors].filter(([name]) => !name.endsWith('.rotary_emb.inv_freq')));
  return { ...reader, tensors };
}
