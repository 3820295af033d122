/**
 * What a client asks, as it came over the wire → a request for the pipeline. Files become content here, within
 * limits; everything else is checked by the pipeline itself.
 */
import { AnyToAnyError, type Content, type Mark, type Request, rejectUnknownOptions } from '@any-to-any/core';

/** Modality → reader of a file's bytes. */
export type Readers = Readonly<Record<string, (bytes: Uint8Array) => Promise<Content>>>;

/** Most items of one prompt, and most characters of one text. */
const mostItems = 32;
const longestText = 64 * 1024;

type Item = string | Content | Mark;

/** Throws OPTION_*, CONTENT_*, MODALITY_UNKNOWN and what the readers throw. */
export async function readAsk(ask: unknown, readers: Readers): Promise<Request> {
  if (typeof ask !== 'object' || ask === null) {
    throw new AnyToAnyError('OPTION_INVALID', `Expected a request, got ${String(ask)}.`);
  }
  const { content = [], ...rest } = ask as Record<string, unknown>;
  rejectUnknownOptions(rest, ['to', 'seed', 'options', 'maxSegments'], 'A request over the wire');
  if (rest['options'] !== undefined && (typeof rest['options'] !== 'object' || rest['options'] === null)) {
    throw new AnyToAnyError('OPTION_INVALID', 'options must hold options by modality.');
  }
  if (!Array.isArray(content) || content.length > mostItems) {
    throw new AnyToAnyError('CONTENT_INVALID', `content must be a list of at most ${mostItems} items.`);
  }
  const items: Item[] = [];
  for (const item of content) items.push(await readItem(item, readers));
  // The pipeline checks every field again, by value.
  return { ...rest, content: items } as Request;
}

async function readItem(item: unknown, readers: Readers): Promise<Item> {
  const text = typeof item === 'object' && item !== null && 'text' in item ? item.text : item;
  if (typeof text === 'string' && text.length > longestText) {
    throw new AnyToAnyError('CONTENT_TOO_LARGE', `A text has at most ${longestText} characters here.`);
  }
  if (typeof item !== 'object' || item === null || !('file' in item)) return item as Item;
  const { modality, file } = item as { modality?: unknown; file: unknown };
  const reader =
    typeof modality === 'string' && Object.hasOwn(readers, modality) ? readers[modality] : undefined;
  if (!reader)
    throw new AnyToAnyError('MODALITY_UNKNOWN', `No files of "${String(modality)}" are read here.`);
  if (!(file instanceof Uint8Array)) {
    throw new AnyToAnyError('CONTENT_INVALID', 'A file is its bytes.', { modality });
  }
  return reader(file);
}
