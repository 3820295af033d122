/**
 * Opens the model of `sensor-model/`, which `training/sensor.py` trains in 80 seconds, and has it read streams that it
 * was not trained on. It has learnt to read motion, not to make it. `read-motion.ts` prints what it says.
 */
import { createPipeline, type Pipeline, type TextContent } from '@any-to-any/core';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { makeStream, type Stream } from './gestures.ts';
import { type MotionContent, motionPlugin } from './sensor-plugin.ts';

/** Training uses the seeds below 24,000. */
const firstUnseen = 1_000_000;

export interface Reading {
  /** What was done to the sensor, and what it measured. */
  readonly stream: Stream;
  /** What the model says was done. */
  readonly heard: string;
}

export function openMotionModel(model: string): Promise<Pipeline> {
  return createPipeline({ model, plugins: [textPlugin(), motionPlugin()], threads: 1 });
}

/** Nobody asks for words: after `</mot>` the model itself chooses to open a text, and to end after it. */
export async function describeMotion(pipeline: Pipeline, motion: MotionContent): Promise<string> {
  const { segments } = await pipeline.generate({ content: [motion] });
  return segments.map(({ content }) => (content as TextContent).text).join(' '); // all it learnt to open is text
}

/** Streams of seeds from 1,000,000 on, and what the model makes of them. */
export async function* readUnseen(pipeline: Pipeline, count: number): AsyncGenerator<Reading> {
  for (let seed = firstUnseen; seed < firstUnseen + count; seed++) {
    const stream = makeStream(seed);
    yield { stream, heard: await describeMotion(pipeline, stream.motion) };
  }
}

/** One line an axis, one character a patch of four steps: what differs most from the first step, half a g a block. */
export function drawMotion({ data, channels }: MotionContent): string[] {
  const blocks = '▁▂▃▄▅▆▇█';
  const patches = Array.from({ length: Math.ceil(data.length / channels / 4) }, (_, patch) => patch);
  const block = (patch: number, channel: number): string | undefined => {
    const steps = data.subarray(4 * patch * channels, 4 * (patch + 1) * channels);
    const changes = [...steps.filter((_, i) => i % channels === channel)].map(
      (value) => value - data[channel]!,
    );
    const most = changes.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
    return blocks[Math.max(0, Math.min(7, Math.round(3 + 2 * most)))];
  };
  return ['x', 'y', 'z'].map(
    (axis, channel) => `${axis} ${patches.map((patch) => block(patch, channel)).join('')}`,
  );
}
