/** The published suite for tokenizers: what every tokenizer plugin must keep. */
import assert from 'node:assert/strict';
import type { Content } from '../contract/content.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { type Case, drain, expectCode, iterate } from './case.ts';

export interface TokenizerSubject {
  create(): Promise<Tokenizer>;
  /** Content that must survive; at least one. */
  readonly samples: readonly Content[];
  /** Content of the right modality that must be refused with CONTENT_INVALID or CONTENT_TOO_LARGE. */
  readonly invalid: readonly Content[];
  /** Whether a round trip kept the content; exact for lossless tokenizers, a measure for lossy ones. */
  same(original: Content, decoded: Content): boolean;
}

export function tokenizerSuite(subject: TokenizerSubject): Case[] {
  const check = (name: string, run: (tokenizer: Tokenizer) => Promise<void> | void): Case => ({
    name: `tokenizer: ${name}`,
    run: async () => run(await subject.create()),
  });
  const decode = async (tokenizer: Tokenizer, content: Content): Promise<Content> => {
    const { ids, shape } = await tokenizer.encode(content);
    return tokenizer.join(await drain(tokenizer.decode(iterate(ids), { shape })));
  };
  const usable = async (tokenizer: Tokenizer): Promise<void> => {
    const [sample] = subject.samples;
    assert.ok(subject.same(sample!, await decode(tokenizer, sample!)), 'not usable after the error');
  };
  return [
    check('has a modality, a size and a layout', (tokenizer) => {
      assert.match(tokenizer.modality, /^[a-z][a-z0-9-]*$/);
      assert.ok(Number.isInteger(tokenizer.size) && tokenizer.size > 0, `size ${tokenizer.size}`);
      assert.ok(Number.isInteger(tokenizer.layout.buckets) && tokenizer.layout.buckets >= 0);
      assert.equal(tokenizer.shape().kind, tokenizer.layout.kind);
    }),
    check('encodes to ids of its own range, as many as the shape says', async (tokenizer) => {
      for (const sample of subject.samples) {
        const { ids, shape } = await tokenizer.encode(sample);
        for (const id of ids) assert.ok(id < tokenizer.size, `id ${id} of ${tokenizer.size}`);
        assert.equal(shape.kind, tokenizer.layout.kind);
        assert.equal(ids.length, tokenizer.layout.count(shape) ?? ids.length);
      }
    }),
    check('encodes the same content to the same ids', async (tokenizer) => {
      for (const sample of subject.samples) {
        assert.deepEqual((await tokenizer.encode(sample)).ids, (await tokenizer.encode(sample)).ids);
      }
    }),
    check('brings content back', async (tokenizer) => {
      for (const sample of subject.samples) {
        assert.ok(subject.same(sample, await decode(tokenizer, sample)), 'the round trip lost the content');
      }
    }),
    check('decodes the same, however the ids arrive', async (tokenizer) => {
      for (const sample of subject.samples) {
        const { ids, shape } = await tokenizer.encode(sample);
        const slow = async function* (): AsyncGenerator<number> {
          for (const id of ids) {
            await new Promise((resolve) => setImmediate(resolve));
            yield id;
          }
        };
        const deltas = await drain(tokenizer.decode(slow(), { shape }));
        for (const delta of deltas) assert.equal(delta.modality, tokenizer.modality);
        assert.deepEqual(tokenizer.join(deltas), await decode(tokenizer, sample));
      }
    }),
    check('gives every two positions of a segment a bucket of its range', async (tokenizer) => {
      const { ids, shape } = await tokenizer.encode(subject.samples[0]!);
      const { layout } = tokenizer;
      if (layout.buckets === 0) return;
      for (let query = 0; query < ids.length; query++) {
        for (let key = 0; key <= query; key++) {
          const bucket = layout.bucket(query, key, shape);
          assert.ok(Number.isInteger(bucket) && bucket >= 0 && bucket < layout.buckets, `bucket ${bucket}`);
        }
      }
    }),
    check('refuses ids out of range and stays usable', async (tokenizer) => {
      const { shape } = await tokenizer.encode(subject.samples[0]!);
      for (const id of [tokenizer.size, -1, 0.5, Number.NaN]) {
        await expectCode(() => drain(tokenizer.decode(iterate([id]), { shape })), 'ID_OUT_OF_RANGE');
      }
      await usable(tokenizer);
    }),
    check('refuses broken content and stays usable', async (tokenizer) => {
      for (const content of subject.invalid) {
        await expectCode(() => tokenizer.encode(content), 'CONTENT_INVALID', 'CONTENT_TOO_LARGE');
      }
      const foreign: Content = { modality: `${tokenizer.modality}-not` };
      await expectCode(() => tokenizer.encode(foreign), 'CONTENT_INVALID');
      await usable(tokenizer);
    }),
    check('stops when the signal fires and stays usable', async (tokenizer) => {
      const signal = AbortSignal.abort();
      await expectCode(() => tokenizer.encode(subject.samples[0]!, { signal }), 'ABORTED');
      const { ids, shape } = await tokenizer.encode(subject.samples[0]!);
      await expectCode(() => drain(tokenizer.decode(iterate(ids), { shape, signal })), 'ABORTED');
      await usable(tokenizer);
    }),
    check('stops pulling ids when its consumer stops', async (tokenizer) => {
      const { ids, shape } = await tokenizer.encode(subject.samples[0]!);
      let stopped = false;
      const source = async function* (): AsyncGenerator<number> {
        try {
          yield* ids;
        } finally {
          stopped = true;
        }
      };
      for await (const _ of tokenizer.decode(source(), { shape })) break;
      assert.ok(stopped, 'the source of ids was not closed');
    }),
  ];
}
