/**
 * What went wrong, for people: a sentence of the page in their language, and below it what exactly was said.
 */
import { AnyToAnyError, type ErrorCode } from '@any-to-any/core/wire';
import { element } from './dom.ts';
import { live, say } from './language.ts';
import type { Phrase } from './strings.ts';

/** Codes that people meet and can do something about. */
const known: Partial<Readonly<Record<ErrorCode, Phrase>>> = {
  CONTEXT_FULL: 'failContext',
  CONTENT_TOO_LARGE: 'failLarge',
  CONTENT_INVALID: 'failContent',
  OPTION_INVALID: 'failOption',
  OVERLOADED: 'failBusy',
  STREAM_LOST: 'failLost',
};

/** A box for the answer, read out at once. */
export function showFailure(error: unknown): HTMLElement {
  const phrase = (AnyToAnyError.is(error) && known[error.code]) || 'failed';
  const words = error instanceof Error ? error.message : String(error);
  return element(
    'div',
    { class: 'failure', role: 'alert' },
    live(element('strong'), () => say(phrase)),
    element('p', {}, words),
  );
}
