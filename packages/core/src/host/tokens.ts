/** What a pipeline's container holds, by typed token. The only names the wiring and the plugins' registry share. */
import type { InjectionToken } from 'tsyringe';
import type { Adapter } from '../contract/adapter.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import type { Processor } from '../contract/processor.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';

export const tokenizerToken = (modality: string): InjectionToken<Promise<Tokenizer>> =>
  `tokenizer:${modality}`;
export const encoderToken = (modality: string): InjectionToken<Promise<Encoder>> => `encoder:${modality}`;
export const adapterToken = (modality: string, plugin: string): InjectionToken<Promise<Adapter>> =>
  `adapter:${modality}:${plugin}`;
export const processorToken: InjectionToken<Processor> = 'processor';
export const engineToken: InjectionToken<Promise<Engine>> = 'engine';
