/**
 * Reading: one content → the runs of its segment's body, as ids of its tokenizer, as embeddings of its encoder, or as
 * both side by side (UniToken, Jiao et al. 2025, arXiv 2504.04423). Marks around them are the prompt's.
 */
import type { Content } from '../contract/content.ts';
import type { IdRun, Run } from '../contract/engine.ts';
import { AnyToAnyError } from '../errors.ts';
import type { Ports } from './ports.ts';

export const readings = ['embeddings', 'ids', 'both'] as const;
export type Reading = (typeof readings)[number];

export interface ReadingOptions {
  readonly ports: Ports;
  /** Absent: as embeddings where there is an encoder, else as ids. */
  readonly read: Reading | undefined;
  /** What stands between ids and embeddings. */
  readonly between: readonly IdRun[];
  /** Number of the segment. Embeddings that follow ids have a grid of their own, hence the next number. */
  readonly segment: number;
  readonly signal: AbortSignal | undefined;
}

/** Throws OPTION_INVALID where embeddings are asked for and there is no encoder, and what the plugins throw. */
export async function readContent(content: Content, options: ReadingOptions): Promise<Run[]> {
  const { ports, read, between, segment } = options;
  if (read === 'ids') return [await idsOf(content, options)];
  const hasEncoder = (await ports.encoder(content.modality)) !== undefined;
  if (read === undefined && !hasEncoder) return [await idsOf(content, options)];
  if (read !== 'both') return [await embeddingsOf(content, options)];
  const ids = await idsOf(content, options);
  return [ids, ...between, await embeddingsOf(content, { ...options, segment: segment + 1 })];
}

async function idsOf(content: Content, { ports, segment, signal }: ReadingOptions): Promise<Run> {
  const tokenizer = await ports.tokenizer(content.modality);
  const { ids, shape } = await tokenizer.encode(content, { signal });
  return { port: content.modality, ids, place: { segment, start: 0, layout: tokenizer.layout, shape } };
}

async function embeddingsOf(content: Content, { ports, segment, signal }: ReadingOptions): Promise<Run> {
  const { modality } = content;
  const encoder = await ports.encoder(modality);
  if (encoder === undefined) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `options.${modality}: read asks for embeddings, but the model has no encoder of ${modality}. Read it as "ids".`,
      { option: 'read', modality },
    );
  }
  const { embeddings, count, shape } = await encoder.encode(content, { signal });
  return { port: modality, embeddings, count, place: { segment, start: 0, layout: encoder.layout, shape } };
}
