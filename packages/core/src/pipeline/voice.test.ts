import { describe, expect, it } from 'vitest';
import type { Run } from '../contract/engine.ts';
import type { Request } from './request.ts';
import { setUpSound, voices } from './sound.test.kit.ts';

const man = { audio: { voice: 'man' } };
const sound = { modality: 'audio', rate: 100, samples: new Float32Array(4) } as const;
/** `<txt>`, `</txt>`, `<img>`, … of what the decoder was given; bodies as one letter. */
const outline = (runs: readonly Run[]): string =>
  runs
    .map(({ port, ...run }) => {
      if (port !== 'marks') return port[0];
      return 'ids' in run
        ? [...run.ids].map((id) => ['-', '^', '$', '<t', 't>', '<i', 'i>', '<a', 'a>'][id]).join(' ')
        : '';
    })
    .join(' ');

describe('a voice', () => {
  it('stands before the words it says', async () => {
    const { pipeline, texts } = setUpSound();
    await pipeline.generate({ content: ['say', 'a red apple'], to: 'audio', options: man });
    expect(texts).toEqual(['say', "a man's voice: a red apple"]);
  });

  it('is a text of its own after anything else', async () => {
    for (const content of [[sound], [{ modality: 'image' }], [{ mark: '<txt>' }, { mark: '</txt>' }], []]) {
      const { pipeline, texts } = setUpSound();
      await pipeline.generate({ content, to: 'audio', options: man });
      expect(texts).toEqual(["a man's voice"]);
    }
    const { pipeline, runs } = setUpSound();
    await pipeline.generate({
      content: [sound],
      to: 'audio',
      options: { audio: { voice: 'man', maxIds: 1 } },
    });
    expect(outline(runs)).toBe('^ <a a a> <t t t> <a');
  });

  it('is said only if it is chosen, the default voice too', async () => {
    const { pipeline, texts } = setUpSound();
    await pipeline.generate({ content: ['a'], to: 'audio' });
    await pipeline.generate({ content: ['b'], to: 'audio', options: { audio: { voice: 'woman' } } });
    expect(texts).toEqual(['a', "a woman's voice: b"]);
  });

  it('is not said to what does not speak', async () => {
    const { pipeline, texts } = setUpSound();
    await pipeline.generate({ content: ['a'], to: 'text', options: man });
    expect(texts).toEqual(['a']);
  });

  it('is said before each speech of an answer, after what was made before it', async () => {
    const { pipeline, texts, runs } = setUpSound();
    await pipeline.generate({
      content: ['a'],
      to: ['image', 'audio'],
      options: { audio: { voice: 'man', maxIds: 1 } },
    });
    expect(texts).toEqual(['a', "a man's voice"]);
    expect(outline(runs)).toBe('^ <t t t> <i i i i> <t t t> <a');
    // Each a segment of its own, or positions of different ones would share buckets.
    const places = runs.flatMap(({ port, place }) => (place ? [`${port} ${place.segment}`] : []));
    expect(places).toEqual(['text 0', 'image 1', 'image 1', 'text 2']);
    runs.length = 0;
    const conversation = pipeline.conversation();
    await conversation.generate({ content: ['a'], to: ['image', 'audio'], options: man });
    await conversation.generate({ content: ['b'], to: 'text' });
    expect(runs.findLast(({ port }) => port === 'text')?.place?.segment).toBe(5);
    conversation.dispose();
  });

  it('is in the prompt when the model decides what to make', async () => {
    const { pipeline, texts } = setUpSound();
    await pipeline.generate({ content: ['a'], options: man, maxSegments: 1 });
    expect(texts).toEqual(["a man's voice: a"]);
  });

  it('chosen in a conversation is told in its turn', async () => {
    const { pipeline, texts } = setUpSound();
    const conversation = pipeline.conversation();
    await conversation.generate({ content: ['a'], to: 'image' });
    await conversation.generate({ to: 'audio', options: man });
    expect(texts).toEqual(['a', "a man's voice"]);
    conversation.dispose();
  });

  it('changes what comes', async () => {
    const { pipeline } = setUpSound();
    const speak = async (voice?: string): Promise<number[]> => {
      const { segments } = await pipeline.generate({
        content: ['a'],
        to: 'audio',
        options: { audio: { voice } },
      });
      return [...segments[0]!.ids];
    };
    expect(await speak('man')).toEqual(await speak('man'));
    expect(await speak('man')).not.toEqual(await speak());
  });

  it.each([
    [
      { audio: { voice: 'child' } },
      /OPTION_INVALID {2}options.audio: there is no voice "child". It has: woman, man./,
    ],
    [{ audio: { voice: 'toString' } }, /OPTION_INVALID/],
    [{ audio: { voice: 7 } }, /OPTION_INVALID/],
    [{ image: { voice: 'man' } }, /OPTION_INVALID {2}options.image: .* none to choose from/],
    [{ smell: { voice: 'man' } }, /MODALITY_UNKNOWN/],
  ])('that is not there is refused: %j', async (options, message) => {
    const { pipeline, engine } = setUpSound();
    // What no type allows is among them.
    await expect(
      pipeline.generate({ content: ['a'], to: 'audio', options: options as Request['options'] }),
    ).rejects.toThrow(message);
    expect(engine.live).toBe(0);
  });

  it('does not hide a text that is none', async () => {
    const { pipeline } = setUpSound();
    const request = { content: [{ modality: 'text', text: 7 }], to: 'audio', options: man };
    await expect(pipeline.generate(request)).rejects.toThrow();
  });

  it('is listed', () => {
    expect(setUpSound().pipeline.voices).toEqual(voices);
  });
});
