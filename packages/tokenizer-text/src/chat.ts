/**
 * Chat template: messages → the content of a request, as the model was trained to read a conversation. Comes before the
 * pipeline. The `chat.json` of a bundle holds the template (Jinja) and says which mark each special token is.
 */
import { AnyToAnyError, type Mark, rejectUnknownOptions } from '@any-to-any/core';
import { Template } from '@huggingface/jinja';

/** One message. Templates may read more fields, such as `tool_calls`. */
export interface ChatMessage {
  /** `system`, `user`, `assistant` or what else the template knows. */
  readonly role: string;
  readonly content: string;
  readonly [field: string]: unknown;
}

export interface RenderOptions {
  /** Whether the answer of the model comes next. Default true. */
  readonly answer?: boolean | undefined;
  /** Further values the template may name, such as `tools` or `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

export interface ChatTemplate {
  /**
   * `[{ role: 'user', content: 'Hi' }]` → `[{ mark: '<|im_start|>' }, 'user\nHi', { mark: '<|im_end|>' }, …]`.
   * What looks like a special token in a message stays text. Throws CONTENT_INVALID for what the template refuses.
   */
  render(messages: readonly ChatMessage[], options?: RenderOptions): (string | Mark)[];
}

interface ChatFile {
  readonly template: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Special token → name of its mark. */
  readonly marks: Readonly<Record<string, string>>;
  /** Tokens among them that an answer may hold: in a message of the assistant they are marks again. */
  readonly written: readonly string[];
  /** The mark every sequence begins with anyway. */
  readonly begin: string | undefined;
}

/** `file`: the bytes of `chat.json`. Throws FORMAT_UNKNOWN. */
export function chatTemplate(file: Uint8Array): ChatTemplate {
  const { template, variables, marks, written, begin } = readChatFile(file);
  const parsed = parseTemplate(template);
  // The longest first: `<|end|>` must not be found inside of `<|end|>!`.
  const tokens = Object.keys(marks).sort((a, b) => b.length - a.length);
  const found = matcher(tokens);
  const kept = matcher(tokens.filter((token) => !written.includes(token)));
  return {
    render(messages, options = {}) {
      rejectUnknownOptions(options, ['answer', 'variables'], 'render');
      const apart = unusedCharacter(messages);
      const shielded = messages.map((message) =>
        mapTexts(message, (text) => shield(text, message.role === 'assistant' ? kept : found, apart)),
      );
      const rendered = renderTemplate(parsed, {
        ...variables,
        ...options.variables,
        messages: shielded,
        add_generation_prompt: options.answer ?? true,
      });
      const content = split(rendered, found, marks).map((part) =>
        typeof part === 'string' ? part.replaceAll(apart, '') : part,
      );
      const [first] = content;
      return typeof first === 'object' && first.mark === begin ? content.slice(1) : content;
    },
  };
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
function unusedCharacter(messages: readonly ChatMessage[]): string {
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

function split(text: string, tokens: RegExp, marks: ChatFile['marks']): (string | Mark)[] {
  const parts: (string | Mark)[] = [];
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ mark: marks[match[0]]! }); // the matcher knows no others
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

function readChatFile(file: Uint8Array): ChatFile {
  const wrong = (problem: string, cause?: unknown) =>
    new AnyToAnyError('FORMAT_UNKNOWN', `chat.json: ${problem}. Compile the bundle again.`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file));
  } catch (cause) {
    throw wrong('expected JSON in UTF-8', cause);
  }
  if (typeof value !== 'object' || value === null) throw wrong('expected an object');
  const { format, template, variables, marks, written, begin } = value as Record<string, unknown>; // fields may be absent
  if (format !== 1) throw wrong(`expected format 1, found ${JSON.stringify(format)}`);
  if (typeof template !== 'string') throw wrong('expected a text as template');
  if (!isTexts(variables)) throw wrong('expected texts as variables');
  if (!isTexts(marks)) throw wrong('expected names of marks');
  if (!Array.isArray(written) || !written.every((one) => typeof one === 'string')) {
    throw wrong('expected a list of texts as written');
  }
  if (begin !== undefined && typeof begin !== 'string') throw wrong('expected the name of a mark as begin');
  return { template, variables, marks, written, begin };
}

function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === 'string');
}
