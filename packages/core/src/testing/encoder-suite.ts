/** The published suite for encoders. */
import assert from 'node:assert/strict';
import type { Content } from '../contract/content.ts';
import type { Encoder } from '../contract/encoder.ts';
import { type Case, expectCode } from './case.ts';

export interface EncoderSubject {
  create(): Promise<Encoder>;
  readonly samples: readonly Content[];
  readonly invalid: readonly Content[];
}

export function encoderSuite(subject: EncoderSubject): Case[] {
  const check = (name: string, run: (encoder: Encoder) => Promise<void>): Case => ({
    name: `encoder: ${name}`,
    run: async () => run(await subject.create()),
  });
  return [
    check('gives finite embeddings of its width, as many as the shape says', async (encoder) => {
      for (const sample of subject.samples) {
        const { embeddings, count, shape } = await encoder.encode(sample);
        assert.equal(embeddings.length, count * encoder.width);
        assert.equal(count, encoder.layout.count(shape) ?? count);
        assert.ok(embeddings.every(Number.isFinite), 'an embedding is not finite');
      }
    }),
    check('encodes the same content the same', async (encoder) => {
      for (const sample of subject.samples) {
        assert.deepEqual(
          (await encoder.encode(sample)).embeddings,
          (await encoder.encode(sample)).embeddings,
        );
      }
    }),
    check('refuses broken content and stays usable', async (encoder) => {
      for (const content of subject.invalid) {
        await expectCode(() => encoder.encode(content), 'CONTENT_INVALID', 'CONTENT_TOO_LARGE');
      }
      await expectCode(() => encoder.encode({ modality: `${encoder.modality}-not` }), 'CONTENT_INVALID');
      await encoder.encode(subject.samples[0]!);
    }),
    check('stops when the signal fires', async (encoder) => {
      await expectCode(() => encoder.encode(subject.samples[0]!, { signal: AbortSignal.abort() }), 'ABORTED');
    }),
  ];
}
