import { join } from 'node:path';
import type { Pipeline } from '@any-to-any/core';
import { createPipeline } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeStream } from './gestures.ts';
import { describeMotion, drawMotion, openMotionModel, readUnseen } from './motion-model.ts';
import { motion } from './sensor-plugin.ts';

const model = join(import.meta.dirname, 'sensor-model');
let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await openMotionModel(model);
});
afterAll(() => pipeline?.close());

describe('the model of sensor-model/', () => {
  test('tells what happens in streams it was not trained on', async () => {
    const wrong: string[] = [];
    for await (const { stream, heard } of readUnseen(pipeline, 40)) {
      if (heard !== stream.text) wrong.push(`${stream.text} → ${heard}`);
    }
    expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(4);
  });

  test('hears the direction: a stream whose x is turned round is another gesture', async () => {
    // Seed by seed, until there is one tilt to the left and nothing else.
    let seed = 2_000_000;
    while (!/^a (slow|quick) tilt to the left$/.test(makeStream(seed).text)) seed++;
    const { motion: left, text } = makeStream(seed);
    const right = motion(left.data.map((value, i) => (i % 3 === 0 ? -value : value)));
    expect(await describeMotion(pipeline, left)).toBe(text);
    expect(await describeMotion(pipeline, right)).toBe(text.replace('left', 'right'));
  });

  test('reads motion within a conversation, and answers in words if asked to', async () => {
    const conversation = pipeline.conversation();
    const { motion: content, text } = makeStream(3_000_000);
    const answer = await conversation.generate({ content: [content], to: 'text' });
    expect(answer.segments[0]?.content).toEqual({ modality: 'text', text });
    conversation.dispose();
  });

  test('refuses a broken stream and reads on', async () => {
    const broken = motion(new Float32Array(30).fill(Number.NaN));
    await expectCode(() => describeMotion(pipeline, broken), 'CONTENT_INVALID');
    expect(await describeMotion(pipeline, makeStream(3_000_000).motion)).toBe(makeStream(3_000_000).text);
  });

  test('says which plugin it needs', async () => {
    await expectCode(() => createPipeline({ model, plugins: [textPlugin()] }), 'PLUGIN_MISSING');
  });
});

describe('streams', () => {
  test('are the same for the same seed, and others for others', () => {
    expect(makeStream(5)).toEqual(makeStream(5));
    expect(makeStream(5).motion.data).not.toEqual(makeStream(6).motion.data);
  });

  test('are finite, fit the model, and begin at rest', () => {
    for (let seed = 0; seed < 500; seed++) {
      const { data } = makeStream(seed).motion;
      expect(data.length / 3).toBeLessThanOrEqual(512);
      expect(data.every(Number.isFinite)).toBe(true);
      expect(Math.hypot(...data.subarray(0, 3))).toBeCloseTo(1, 0);
    }
  });

  test('have many sentences, of one gesture or two', () => {
    const texts = Array.from({ length: 500 }, (_, seed) => makeStream(seed).text);
    expect(new Set(texts).size).toBeGreaterThan(200);
    expect(texts.filter((text) => text.includes(', then ')).length).toBeGreaterThan(150);
  });

  test('can be drawn, a character a patch', () => {
    const lines = drawMotion(motion(Float32Array.of(0, 0, 1, 2, -9, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0)));
    expect(lines).toEqual(['x █▄', 'y ▁▄', 'z ▄▂']);
  });
});
