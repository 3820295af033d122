/**
 * Janus' chat template, for checkpoints that bring none: turns begin with who speaks, a picture stands on a line of its
 * own, two line breaks end a turn of the user and the end token one of the assistant.
 */
import { janusTokens } from './vocabulary.ts';

/** What comes before a conversation that has no system message and is to be answered in words. */
export const defaultSystem =
  'You are a helpful language and vision assistant. You are able to understand the visual content that the user ' +
  'provides, and assist the user with a variety of tasks using natural language.\n\n';

/** `roles`: the tokens that Janus-Pro says who speaks with; Janus spells them out. */
export function janusTemplate(roles: 'tokens' | 'words'): string {
  const [user, assistant] = roles === 'tokens' ? ['<|User|>', '<|Assistant|>'] : ['User', 'Assistant'];
  const image = `{{ ('' if loop.first else '\\n') + '${janusTokens.placeholder}' + ('' if loop.last else '\\n') }}`;
  const text = [
    `{% set text = part['text'].lstrip() if loop.first else part['text'] %}`,
    `{% set text = text.rstrip() if loop.last else text %}`,
    `{% if not loop.first and message['content'][loop.index0 - 1]['type'] == 'text' %}{{ ' ' }}{% endif %}{{ text }}`,
  ].join('');
  const separator = `{{ '\\n\\n' if message['role'] == 'user' else '${janusTokens.end}' }}`;
  return [
    `{% for message in messages %}`,
    `{% if message['role'] == 'user' %}${user}: {% elif message['role'] == 'assistant' %}${assistant}: `,
    `{% else %}{{ message['role'] | capitalize }}: {% endif %}`,
    `{% for part in message['content'] %}{% if part['type'] == 'image' %}${image}{% else %}${text}{% endif %}{% endfor %}`,
    `{% if not loop.last or add_generation_prompt %}${separator}{% endif %}{% endfor %}`,
    `{% if add_generation_prompt %}${assistant}:{% endif %}`,
  ].join('');
}
