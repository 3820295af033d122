/**
 * Chat template: messages → the content of a request, as the model was trained to read a conversation. Comes before the
 * pipeline. The `chat.json` of a bundle holds the template (Jinja) and says which mark each special token is.
 */
import { AnyToAnyError, type Content, type Mark, rejectUnknownOptions } from '@any-to-any/core';
import { Template } from '@huggingface/jinja';
import { type ChatFile, readChatFile } from './chat-file.ts';

/** One message. Templates may read more fields, such as `tool_calls`. */
export interface ChatMessage {
  /** `system`, `user`, `assistant` or what else the template knows. */
  readonly role: string;
  /** A text, or texts and what else the model reads, in order: `[picture, 'What is this?']`. */
  readonly content: string | readonly (string | Content)[];
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  /** Whether the answer of the model comes next. Default true. */
  readonly answer?: boolean | undefined;
  /** Further values the template may name, such as `tools` or `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /** Modality of the answer; some models are told different things before each. Default `text`. */
  readonly to?: string | undefined;
}

export interface ChatTemplate {
  /**
   * `[{ role: 'user', content: 'Hi' }]` → `[{ mark: '<|im_start|>' }, 'user\nHi', { mark: '<|im_end|>' }, …]`.
   * What looks like a special token in a message stays text. Throws CONTENT_INVALID for what the template refuses.
   */
  render(messages: readonly ChatMessage[], options?: RenderOptions): (string | Content | Mark)[];
  /** `render` of one message of a user. */
  ask(content: ChatMessage['content'], options?: RenderOptions): (string | Content | Mark)[];
}

/** `file`: the bytes of `chat.json`. Throws FORMAT_UNKNOWN. */
export function chatTemplate(file: Uint8Array): ChatTemplate {
  const { template, variables, marks, written, begin, placeholders, system } = readChatFile(file);
  const parsed = parseTemplate(template);
  // The longest first: `<|end|>` must not be found inside of `<|end|>!`.
  const tokens = [...new Set([...Object.keys(marks), ...Object.values(placeholders ?? {})])].sort(
    (a, b) => b.length - a.length,
  );
  const found = matcher(tokens);
  const kept = matcher(tokens.filter((token) => !written.includes(token)));
  const render: ChatTemplate['render'] = (messages, options = {}) => {
    rejectUnknownOptions(options, ['answer', 'variables', 'to'], 'render');
    const spelt = messages.map((message) => ({ ...message, content: partsOf(message, placeholders) }));
    const apart = unusedCharacter(spelt);
    const shielded = spelt.map((message) =>
      mapTexts(message, (text) => shield(text, message.role === 'assistant' ? kept : found, apart)),
    );
    const instructed = messages.some(({ role }) => role === 'system');
    const rendered = renderTemplate(parsed, {
      ...variables,
      ...options.variables,
      messages: shielded,
      add_generation_prompt: options.answer ?? true,
    });
    const whole = `${instructed ? '' : (system[options.to ?? 'text'] ?? '')}${rendered}`;
    const content = fillIn(split(whole, found), marks, placeholders ?? {}, contentsOf(messages)).map(
      (part) => (typeof part === 'string' ? part.replaceAll(apart, '') : part),
    );
    const [first] = content;
    return typeof first === 'object' && 'mark' in first && first.mark === begin ? content.slice(1) : content;
  };
  return { render, ask: (content, options) => render([{ role: 'user', content }], options) };
}

/** What the template sees of a message: its text, or parts `{ type: 'text', text }` and `{ type: 'image' }`. */
function partsOf(
  { content }: ChatMessage,
  placeholders: ChatFile['placeholders'],
): string | readonly { readonly type: string; readonly text?: string }[] {
  if (placeholders !== undefined) {
    return (typeof content === 'string' ? [content] : content).map((part) => {
      if (typeof part === 'string') return { type: 'text', text: part };
      if (Object.hasOwn(placeholders, part.modality)) return { type: part.modality };
      throw new AnyToAnyError('CONTENT_INVALID', `The chat template has no place for ${part.modality}.`);
    });
  }
  if (typeof content === 'string') return content;
  throw new AnyToAnyError('CONTENT_INVALID', 'The chat template takes a message as one text, got a list.');
}

function contentsOf(messages: readonly ChatMessage[]): Content[] {
  return messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : content.filter((part) => typeof part !== 'string'),
  );
}

function renderTemplate(template: Template, values: Record<string, unknown>): string {
  try {
    return template.render(values);
  } catch (cause) {
    throw new AnyToAnyError('CONTENT_INVALID', `The chat template refuses the messages: ${String(cause)}`, {
      stage: 'encode',
      cause,
    });
  }
}

function parseTemplate(template: string): Template {
  try {
    return new Template(template);
  } catch (cause) {
    throw new AnyToAnyError('FORMAT_UNKNOWN', `The chat template is not Jinja: ${String(cause)}`, { cause });
  }
}

/** Finds any of the tokens; nothing if there are none. */
function matcher(tokens: readonly string[]): RegExp {
  const escaped = tokens.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(escaped.length === 0 ? '(?!)' : escaped.join('|'), 'gu');
}

/** Puts `apart` behind the first character of each token, so that it is none any more. */
function shield(text: string, tokens: RegExp, apart: string): string {
  return text.replace(tokens, (token) => {
    const [first = ''] = token;
    return `${first}${apart}${token.slice(first.length)}`;
  });
}

/** One of Unicode's noncharacters, which text is not supposed to hold, that the messages do not hold. */
function unusedCharacter(messages: unknown): string {
  const all = JSON.stringify(messages);
  for (let code = 0xfdd0; code <= 0xfdef; code++) {
    const character = String.fromCharCode(code);
    if (!all.includes(character)) return character;
  }
  throw new AnyToAnyError('CONTENT_INVALID', 'The messages hold all 32 noncharacters U+FDD0…U+FDEF.');
}

/** The same value with every text in it changed. */
function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}

/** `a<s>b` → `['a', { token: '<s>' }, 'b']` */
function split(text: string, tokens: RegExp): (string | { readonly token: string })[] {
  const parts: (string | { readonly token: string })[] = [];
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ token: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** Tokens become marks, placeholders the contents they stand for, in order. */
function fillIn(
  parts: ReturnType<typeof split>,
  marks: ChatFile['marks'],
  placeholders: Readonly<Record<string, string>>,
  contents: readonly Content[],
): (string | Content | Mark)[] {
  const waiting = [...contents];
  const standsFor = new Map(Object.entries(placeholders).map(([modality, token]) => [token, modality]));
  const filled = parts.map((part) => {
    if (typeof part === 'string') return part;
    const modality = standsFor.get(part.token);
    if (modality === undefined) return { mark: marks[part.token]! }; // the matcher knows no others
    const next = waiting.shift();
    if (next?.modality === modality) return next;
    throw misplaced(next?.modality, modality);
  });
  if (waiting.length > 0) throw misplaced(waiting[0]!.modality, undefined);
  return filled;
}

function misplaced(given: string | undefined, placed: string | undefined): AnyToAnyError {
  return new AnyToAnyError(
    'CONTENT_INVALID',
    `The chat template writes the place of ${placed ?? 'nothing'} where the messages hold ${given ?? 'nothing'}.`,
  );
}
