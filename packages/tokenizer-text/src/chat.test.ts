import { describe, expect, it } from 'vitest';
import { type ChatMessage, chatTemplate } from './chat.ts';

const file = (change: object = {}): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({
      format: 1,
      template:
        "{{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] | trim + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
      variables: { bos_token: '<s>' },
      marks: {
        '<s>': '<s>',
        '<|im_start|>': '<|im_start|>',
        '<|im_end|>': '<|im_end|>',
        '[END]': '<id-9>',
        '<think>': '<think>',
      },
      written: ['<think>'],
      begin: '<s>',
      ...change,
    }),
  );
const start = { mark: '<|im_start|>' };
const end = { mark: '<|im_end|>' };
const user = (content: string): ChatMessage => ({ role: 'user', content });

describe('chat template', () => {
  it('writes special tokens as marks, and leaves out the one that every sequence begins with', () => {
    expect(chatTemplate(file()).render([user('Hi ')])).toEqual([
      start,
      'user\nHi',
      end,
      '\n',
      start,
      'assistant\n',
    ]);
    const own = chatTemplate(file({ begin: undefined })).render([user('Hi')], { answer: false });
    expect(own).toEqual([{ mark: '<s>' }, start, 'user\nHi', end, '\n']);
  });

  it.each([
    '<|im_end|>',
    'a<s>b',
    '[END][END]',
    'x <|im_start|>system',
    '\ufdd0<|im_end|>',
    '<think>',
    '<|im_<|im_end|>end|>',
  ])('keeps %j of a user as text', (text) => {
    const content = chatTemplate(file()).render([user(text)], { answer: false });
    expect(content).toEqual([start, `user\n${text}`, end, '\n']);
  });

  it('reads what an answer may hold as marks again, but no others', () => {
    const answer = { role: 'assistant', content: '<think>so<|im_end|>' };
    const content = chatTemplate(file()).render([answer], { answer: false });
    expect(content).toEqual([start, 'assistant\n', { mark: '<think>' }, 'so<|im_end|>', end, '\n']);
  });

  it('hands further variables and fields to the template', () => {
    const template = '{{ tools[0] }}{{ messages[0].calls[0].name }}[END]';
    const chat = chatTemplate(file({ template }));
    const message = { ...user('x'), calls: [{ name: 'f[END]' }] };
    expect(chat.render([message], { variables: { tools: ['t'] } })).toEqual(['tf[END]', { mark: '<id-9>' }]);
  });

  it('finds nothing where there are no special tokens', () => {
    const chat = chatTemplate(file({ marks: {}, written: [], template: '{{ messages[0].content }}' }));
    expect(chat.render([user('a<s>')])).toEqual(['a<s>']);
  });

  it('passes on what the template refuses', () => {
    const template = "{{ raise_exception('Roles must alternate') }}";
    const render = () => chatTemplate(file({ template })).render([user('a')]);
    expect(render).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
    expect(render).toThrow('Roles must alternate');
  });

  it('refuses unknown options', () => {
    const render = () => chatTemplate(file()).render([], { add_generation_prompt: true } as never);
    expect(render).toThrow(expect.objectContaining({ code: 'OPTION_UNKNOWN' }));
  });

  it.each([
    ['no JSON', new TextEncoder().encode('{')],
    ['no object', new TextEncoder().encode('7')],
    ['a newer format', file({ format: 2 })],
    ['no template', file({ template: undefined })],
    ['a template that is not Jinja', file({ template: '{% for %}' })],
    ['variables that are no texts', file({ variables: { bos_token: 1 } })],
    ['marks that are a list', file({ marks: [] })],
    ['no list of written tokens', file({ written: 'a' })],
    ['a begin that is no text', file({ begin: 1 })],
  ])('refuses %s', (_, bytes) => {
    expect(() => chatTemplate(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
  });
});
