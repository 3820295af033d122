/**
 * `chat.json` of a bundle: a chat template and what its special tokens are. Read and checked; `chat.ts` renders it.
 */
import { AnyToAnyError } from '@any-to-any/core';

export interface ChatFile {
  readonly template: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Special token → name of its mark. */
  readonly marks: Readonly<Record<string, string>>;
  /** Tokens among them that an answer may hold: in a message of the assistant they are marks again. */
  readonly written: readonly string[];
  /** The mark every sequence begins with anyway. */
  readonly begin: string | undefined;
  /** Modality → the token that stands for a content of it. Given, the template takes a message as a list of parts. */
  readonly placeholders: Readonly<Record<string, string>> | undefined;
  /** Modality of the answer → what comes before a conversation without a system message. */
  readonly system: Readonly<Record<string, string>>;
}

/** Throws FORMAT_UNKNOWN. */
export function readChatFile(file: Uint8Array): ChatFile {
  const wrong = (problem: string, cause?: unknown) =>
    new AnyToAnyError('FORMAT_UNKNOWN', `chat.json: ${problem}. Compile the bundle again.`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file));
  } catch (cause) {
    throw wrong('expected JSON in UTF-8', cause);
  }
  if (typeof value !== 'object' || value === null) throw wrong('expected an object');
  const {
    format,
    template,
    variables,
    marks,
    written,
    begin,
    placeholders,
    system = {},
  } = value as Record<string, unknown>; // fields may be absent
  if (format !== 1) throw wrong(`expected format 1, found ${JSON.stringify(format)}`);
  if (typeof template !== 'string') throw wrong('expected a text as template');
  if (!isTexts(variables)) throw wrong('expected texts as variables');
  if (!isTexts(marks)) throw wrong('expected names of marks');
  if (!Array.isArray(written) || !written.every((one) => typeof one === 'string')) {
    throw wrong('expected a list of texts as written');
  }
  if (begin !== undefined && typeof begin !== 'string') throw wrong('expected the name of a mark as begin');
  if (placeholders !== undefined && !isTexts(placeholders)) throw wrong('expected tokens as placeholders');
  if (!isTexts(system)) throw wrong('expected texts as system');
  return { template, variables, marks, written, begin, placeholders, system };
}

function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === 'string');
}
