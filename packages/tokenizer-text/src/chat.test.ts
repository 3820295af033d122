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
const user = (content: ChatMessage['content']): ChatMessage => ({ role: 'user', content });

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

describe('a template that has places for more than text', () => {
  const template =
    "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == 'image' %}<pic>{% else %}{{ part['text'] }}{% endif %};{% endfor %}{% endfor %}";
  const reads = (change: object = {}) =>
    chatTemplate(
      file({ template, placeholders: { image: '<pic>' }, system: { text: 'Be kind. ' }, ...change }),
    );
  const picture = (width: number) => ({ modality: 'image', width, data: new Uint8Array(4) });

  it('puts contents where the template writes their placeholders, in order', () => {
    const [first, second] = [picture(1), picture(2)];
    const content = reads().render([user(['a', first]), user([second])], { to: 'image' });
    expect(content).toEqual(['a;', first, ';', second, ';']);
    expect(content[1]).toBe(first);
  });

  it('ask is one message of a user, and a text is a list of one', () => {
    const chat = reads();
    expect(chat.ask('a<pic>b', { to: 'image' })).toEqual(['a<pic>b;']);
    expect(chat.ask(['a'])).toEqual(chat.render([user('a')]));
  });

  it('says what comes before an answer of that modality, unless a system message does', () => {
    expect(reads().ask('a')).toEqual(['Be kind. a;']);
    expect(reads().render([{ role: 'system', content: 'b' }, user('a')])).toEqual(['b;a;']);
  });

  it.each([
    ['a modality without a place', template, [{ modality: 'audio' }], /no place for audio/],
    ['a template that forgets it', 'none', [picture(1)], /place of nothing where the messages hold image/],
    ['a template that makes one up', '<pic>', ['a'], /place of image where the messages hold nothing/],
  ])('refuses %s', (_, own, content, message) => {
    const ask = () => reads({ template: own }).ask(content);
    expect(ask).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
    expect(ask).toThrow(message);
  });

  it('a template of text alone takes no list', () => {
    expect(() => chatTemplate(file()).ask(['a'])).toThrow(/one text, got a list/);
  });

  it.each([{ placeholders: [] }, { placeholders: { image: 3 } }, { system: 'x' }])('refuses %j', (change) => {
    expect(() => reads(change)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
  });
});
