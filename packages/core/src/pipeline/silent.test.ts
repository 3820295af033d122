/** Models that were trained without marks: segments that open and close without a position. */
import { describe, expect, it } from 'vitest';
import type { EngineSequence } from '../contract/engine.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { fakeEngine, fakeTokenizer } from '../testing/fakes.ts';
import { smallSpace } from '../testing/small-space.ts';
import { createTokenSpace } from '../token-space/space.ts';
import { machineOf } from './machine.test.kit.ts';
import { createPipelineOf } from './pipeline.ts';

const marks = ['<begin>', '</s>', '<txt>', '</txt>', '<|user|>'];

function setUp(silent: readonly string[]) {
  const space = createTokenSpace({
    ...smallSpace({ text: 27 }),
    marks: { capacity: 8, names: marks, begin: '<begin>', end: '</s>', silent: [...silent] },
  });
  const engine = fakeEngine({ heads: { marks: 8, text: 28 } });
  const opened: EngineSequence[] = [];
  const watched = {
    ...engine,
    open(): EngineSequence {
      const sequence = engine.open();
      opened.push(sequence);
      return sequence;
    },
  };
  const machine = machineOf({
    space,
    engine: watched,
    tokenizers: { text: fakeTokenizer() as Tokenizer },
    generates: ['text'],
    defaults: { text: { maxIds: 40 } },
  });
  return { pipeline: createPipelineOf('fake', machine, async () => {}), engine, opened };
}

/** What the fake engine was given, one word a position. */
const history = (sequence: EngineSequence): readonly string[] =>
  (sequence as unknown as { history: readonly string[] }).history; // the fake's own field

const all = ['<begin>', '<txt>', '</txt>'];
const letters = (text: string): string[] =>
  [...text].map((letter) => `text:${'abcdefghijklmnopqrstuvwxyz '.indexOf(letter)}`);

describe('silent marks', () => {
  it('take no position, and others do', async () => {
    const { pipeline, opened } = setUp(all);
    const conversation = pipeline.conversation();
    const content = [{ mark: '<|user|>' }, 'hello', { mark: '<txt>' }];
    const { usage } = await conversation.generate({ content, to: 'text', options: { text: { maxIds: 1 } } });
    expect(usage).toEqual({ prefilled: 6, generated: 1, reused: 0 });
    expect(history(opened[0]!)).toEqual(['marks:4', ...letters('hello')]);
  });

  it('a conversation continues right behind the last id, whether it was closed or cut off', async () => {
    for (const [maxIds, seed] of [
      [3, 0],
      [40, 5],
    ] as const) {
      const { pipeline, opened } = setUp(all);
      const conversation = pipeline.conversation();
      const first = await conversation.generate({
        content: ['ab'],
        to: 'text',
        seed,
        options: { text: { maxIds } },
      });
      const said = [...first.segments[0]!.ids].map((id) => `text:${id}`);
      expect(said.length === maxIds).toBe(maxIds === 3); // the other one was closed by the model
      await conversation.generate({ content: ['cd'], to: 'text', seed, options: { text: { maxIds: 1 } } });
      expect(history(opened[0]!)).toEqual([...letters('ab'), ...said, ...letters('cd')]);
    }
  });

  it('lets the model choose what comes after a silent end', async () => {
    const { pipeline } = setUp(all);
    const reasons = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const answer = await pipeline.generate({ content: ['a'], seed, maxSegments: 3 });
      reasons.add(answer.reason);
    }
    expect(reasons).toEqual(new Set(['end', 'length']));
  });

  it('a sequence of nothing is refused, and one that begins with a mark is not', async () => {
    await expect(setUp(all).pipeline.generate({ to: 'text' })).rejects.toThrow(/CONTENT_INVALID.*empty/);
    await expect(setUp(all).pipeline.generate({ content: [''], to: 'text' })).rejects.toThrow(
      /CONTENT_INVALID/,
    );
    const answer = await setUp(['<txt>', '</txt>']).pipeline.generate({ to: 'text' });
    expect(answer.usage.prefilled).toBe(1);
  });

  it('guidance compares with what is left of the prompt', async () => {
    const { pipeline, opened } = setUp(all);
    const content = [{ mark: '<|user|>' }, 'hello'];
    const options = { text: { guidance: 2, maxIds: 2 } };
    const conversation = pipeline.conversation();
    const { segments } = await conversation.generate({ content, to: 'text', options });
    expect(history(opened[1]!)).toEqual(['marks:4', `text:${segments[0]!.ids[0]}`]);
  });
});
