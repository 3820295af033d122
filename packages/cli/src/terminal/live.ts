/**
 * The display on a terminal: the growing picture or waveform above one line of progress, redrawn in place.
 * Draws at most ten times a second, whatever the speed of the decoder; a cheap terminal gets no picture.
 */
import type { ImageDelta } from '@any-to-any/core';
import { createLogUpdate } from 'log-update';
import picocolors from 'picocolors';
import type { Surroundings } from '../surroundings.ts';
import { type Canvas, createCanvas, fitInside } from './canvas.ts';
import type { Display } from './display.ts';
import { type ColorDepth, halfBlocks } from './half-block.ts';
import { type Amount, progressLine, soundLength, summaryLine } from './progress.ts';
import { createWaveform, type Waveform } from './waveform.ts';

/** Least milliseconds from frame to frame. */
const framePause = 100;

/** A frame that took long to draw is followed by so many times its length without one: the decoder comes first. */
const restAfterFrame = 4;

export function liveDisplay({ stderr, env, now }: Surroundings): Display {
  const log = createLogUpdate(stderr);
  const bits = stderr.getColorDepth?.(env) ?? 1;
  const depth: ColorDepth | undefined = bits >= 24 ? 24 : bits >= 8 ? 8 : undefined;
  const colors = picocolors.createColors(bits > 1);
  let canvas: Canvas | undefined;
  let waveform: Waveform | undefined;
  let amount: Amount | undefined;
  let next = Number.NEGATIVE_INFINITY;

  const picture = (): string[] => (canvas && depth ? halfBlocks(canvas.pixels, depth) : []);
  const wave = (): string[] => (waveform ? [waveLine(waveform, stderr)] : []);
  function draw(): void {
    const began = now();
    if (began < next) return;
    log([...picture(), ...wave(), colors.dim(amount ? progressLine(amount) : '')].join('\n'));
    next = began + Math.max(framePause, restAfterFrame * (now() - began));
  }
  function reset(): void {
    canvas = undefined;
    waveform = undefined;
    amount = undefined;
    next = Number.NEGATIVE_INFINITY;
  }
  return {
    progress(latest) {
      amount = latest;
      draw();
    },
    patch(patch) {
      if (!depth) return;
      canvas ??= canvasFor(patch, stderr);
      canvas.paint(patch);
      draw();
    },
    sound(delta) {
      waveform ??= createWaveform();
      waveform.add(delta);
      draw();
    },
    end() {
      if (amount) log.persist([...picture(), ...wave(), colors.dim(summaryLine(amount))].join('\n'));
      reset();
    },
    note(line) {
      log.persist(line);
    },
    close() {
      log.clear();
      log.done();
      reset();
    },
  };
}

/** As large as the terminal allows: a character is one pixel wide and two high, two lines are left for words. */
function canvasFor(patch: ImageDelta, { columns = 80, rows = 24 }: Surroundings['stderr']): Canvas {
  const { width, height } = fitInside(patch, { width: columns, height: 2 * Math.max(1, rows - 2) });
  return createCanvas(width, height);
}

/** `▁▃▅▇▅▂ 1.2 s`, as wide as the terminal at most. */
function waveLine(waveform: Waveform, { columns = 80 }: Surroundings['stderr']): string {
  const length = soundLength(waveform.seconds);
  return `${waveform.line(columns - length.length - 2)} ${length}`;
}
