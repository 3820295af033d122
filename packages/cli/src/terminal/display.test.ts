import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Output, Surroundings } from '../surroundings.ts';
import { openDisplay } from './display.ts';

function setUp(terminal: object) {
  let text = '';
  let time = 0;
  const write = (chunk: Buffer, _: unknown, done: () => void): void => {
    text += chunk;
    done();
  };
  const stderr: Output = Object.assign(new Writable({ write }), terminal);
  // A display needs no more of its surroundings than these.
  const display = openDisplay({ stderr, env: {}, now: () => time } as Surroundings);
  return { display, text: () => text, wait: (milliseconds: number) => (time += milliseconds) };
}
const amount = (done: number) => ({ label: 'image', done, total: 64, rate: 64, unit: 'ids' });
const patch = {
  modality: 'image',
  width: 2,
  height: 2,
  rectangle: { x: 0, y: 0, width: 2, height: 2 },
  data: new Uint8Array(16).fill(255),
  revision: 0,
  sigma: 0,
} as const;
const sound = (level: number) =>
  ({ modality: 'audio', rate: 1000, samples: new Float32Array(20).fill(level) }) as const;
const terminal = { isTTY: true, columns: 40, rows: 10, getColorDepth: () => 24 };

describe('display', () => {
  it('writes a few plain lines without a terminal', () => {
    const { display, text } = setUp({});
    for (let done = 1; done <= 64; done++) display.progress(amount(done));
    display.patch(patch);
    display.end();
    expect(text().trimEnd().split('\n')).toEqual([
      'image  16/64 ids · 64 ids/s · 0.8 s left',
      'image  32/64 ids · 64 ids/s · 0.5 s left',
      'image  48/64 ids · 64 ids/s · 0.3 s left',
      'image  64 ids in 1.0 s · 64 ids/s',
    ]);
  });

  it('says how long a sound is without a terminal, each on its own', () => {
    const { display, text } = setUp({});
    for (const _ of [1, 2]) {
      display.sound(sound(1));
      display.sound(sound(0));
      display.progress({ label: 'audio', done: 2, rate: 40, unit: 'ids' });
      display.end();
    }
    expect(text()).toBe('audio  2 ids in 0.1 s · 40 ids/s · 0.04 s of sound\n'.repeat(2));
  });

  it('draws a sound as a line that grows, as wide as the terminal', () => {
    const { display, text, wait } = setUp({ ...terminal, getColorDepth: () => 1 });
    for (const level of [0, 0.25, 1]) {
      display.sound(sound(level));
      display.progress({ label: 'audio', done: 1, rate: 40, unit: 'ids' });
      wait(200);
    }
    display.end();
    for (const line of ['▁ 0.02 s', '▁▇ 0.04 s', '▁▇█ 0.06 s\naudio']) expect(text()).toContain(line);
    for (let count = 0; count < 100; count++) display.sound(sound(1));
    wait(200);
    display.progress({ label: 'audio', done: 1, rate: 40, unit: 'ids' });
    // 100 bars in 40 columns: four to one. The sound before is forgotten.
    expect(text()).toMatch(/[^█]█{25} 2\.00 s/);
    display.close();
  });

  it('a terminal without a size gets plain lines too', () => {
    const { display, text } = setUp({ ...terminal, columns: 0, rows: 0 });
    display.progress(amount(16));
    expect(text()).toBe('image  16/64 ids · 64 ids/s · 0.8 s left\n');
  });

  it('draws the picture above the progress, at most ten times a second', () => {
    const { display, text, wait } = setUp(terminal);
    display.patch(patch);
    for (let done = 1; done <= 50; done++) {
      display.progress(amount(done));
      wait(10);
    }
    expect(text().match(/▀▀/g)?.length).toBe(1);
    // Frames at 0, 100, … 400 ms; the first came with the patch, before any progress.
    expect(text().match(/ids\/s/g)?.length).toBe(4);
    display.end();
    display.close();
    expect(text()).toContain('image  50 ids in');
  });

  it('takes away what is not complete', () => {
    const { display, text } = setUp(terminal);
    display.progress(amount(1));
    display.close();
    expect(text()).toContain('\u001b[2K');
    expect(text().indexOf('\u001b[2K')).toBeGreaterThan(text().indexOf('1/64'));
  });

  it('shows no picture where there are few colours', () => {
    const { display, text } = setUp({ ...terminal, getColorDepth: () => 4 });
    display.patch(patch);
    display.progress(amount(1));
    expect(text()).not.toContain('▀');
    expect(text()).toContain('1/64');
  });
});
