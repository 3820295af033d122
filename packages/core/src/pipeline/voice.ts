/**
 * Voices: who speaks, chosen by words. The bundle gives a voice its wording; the prompt says it where models learn to
 * read it: `a man's voice: a red apple` for words, and a text of its own after anything else.
 */
import type { Voice } from '../bundle/manifest.ts';
import type { Content, TextContent } from '../contract/content.ts';
import { AnyToAnyError } from '../errors.ts';
import type { Mark, ModalityOptions } from './request.ts';

type Voices = Readonly<Record<string, Readonly<Record<string, Voice>>>>;

/** By modality, the wording of the voice its options choose. Throws OPTION_INVALID. */
export function wordingsOf(
  options: Readonly<Record<string, ModalityOptions>>,
  voices: Voices,
): ReadonlyMap<string, string> {
  const wordings = new Map<string, string>();
  for (const [modality, { voice }] of Object.entries(options)) {
    if (voice === undefined) continue;
    const known = voices[modality] ?? {};
    if (!Object.hasOwn(known, voice)) throw unknownVoice(modality, voice, Object.keys(known));
    wordings.set(modality, known[voice]!.wording);
  }
  return wordings;
}

/** The prompt for an answer in `modalities` (absent: in any): its last text is prefixed, or a text is added. */
export function sayVoice(
  content: readonly (Content | Mark)[],
  wordings: ReadonlyMap<string, string>,
  modalities: readonly string[] = [...wordings.keys()],
): (Content | Mark)[] {
  return modalities.flatMap((modality) => wordings.get(modality) ?? []).reduce(prefix, [...content]);
}

/** `[text 'a red apple']`, `a man's voice` → `[text "a man's voice: a red apple"]` */
function prefix(content: readonly (Content | Mark)[], wording: string): (Content | Mark)[] {
  const last = content.at(-1);
  if (last === undefined || !isText(last)) return [...content, text(wording)];
  return [...content.slice(0, -1), text(`${wording}: ${last.text}`)];
}

/** A text without words is left as it is, for its tokenizer to refuse. */
function isText(item: Content | Mark): item is TextContent {
  return 'modality' in item && item.modality === 'text' && 'text' in item && typeof item.text === 'string';
}

const text = (words: string): TextContent => ({ modality: 'text', text: words });

function unknownVoice(modality: string, voice: string, known: readonly string[]): AnyToAnyError {
  const has = known.length > 0 ? `It has: ${known.join(', ')}.` : 'Its model has none to choose from.';
  return new AnyToAnyError('OPTION_INVALID', `options.${modality}: there is no voice "${voice}". ${has}`, {
    option: 'voice',
    modality,
  });
}
