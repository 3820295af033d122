/**
 * The chat template of Chameleon, for checkpoints that bring none: what is said, turn by turn, each ended by one token,
 * as the processor of transformers ends a prompt. Who speaks is not said.
 */
import type { TextTokens } from '../llama/tokens.ts';
import { placeholder } from './vocabulary.ts';

const separator = '<reserved08706>';

/** The tokens with a template; without one where the vocabulary has no token that ends a turn. */
export function withTemplate(tokens: TextTokens): TextTokens {
  const ends = tokens.special.some(({ content }) => content === separator);
  if (tokens.chat !== undefined || !ends) return tokens;
  const part = `{% if part['type'] == 'image' %}${placeholder}{% else %}{{ part['text'] }}{% endif %}`;
  const template =
    `{% for message in messages %}{% for part in message['content'] %}${part}{% endfor %}` +
    `${separator}{% endfor %}`;
  return { ...tokens, chat: { template, variables: {} } };
}
