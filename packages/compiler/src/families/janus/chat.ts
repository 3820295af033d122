/**
 * `chat.json` of Janus: the checkpoint's template or, as the original brings none, Janus' own, with the place of a
 * picture and what is said before a conversation in words. `chatTemplate` of `@any-to-any/tokenizer-text` reads it.
 */
import { describeChat } from '../llama/manifest.ts';
import type { TextTokens } from '../llama/tokens.ts';
import type { Vocabulary } from '../llama/vocabulary.ts';
import { defaultSystem, janusTemplate } from './template.ts';
import { janusTokens } from './vocabulary.ts';

export function describeJanusChat(vocabulary: Vocabulary, tokens: TextTokens): Uint8Array {
  const roles = tokens.special.some(({ content }) => content === '<|User|>') ? 'tokens' : 'words';
  const chat = tokens.chat ?? { template: janusTemplate(roles), variables: {} };
  return describeChat(vocabulary, chat, tokens.special, {
    placeholders: { image: janusTokens.placeholder },
    system: { text: defaultSystem },
  });
}
