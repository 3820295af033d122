import { describe, expect, it } from 'vitest';
import { halfBlocks } from './half-block.ts';

const red = [255, 0, 0, 255];
const green = [0, 255, 0, 255];
const blue = [0, 0, 255, 255];
const clear = [9, 9, 9, 0];
const pixels = (width: number, ...colors: number[][]) => ({
  width,
  height: colors.length / width,
  data: Uint8Array.from(colors.flat()),
});

describe('half blocks', () => {
  it('shows two rows in one line, the upper in front', () => {
    expect(halfBlocks(pixels(1, red, blue), 24)).toEqual([
      '\u001b[48;2;0;0;255m\u001b[38;2;255;0;0m▀\u001b[0m',
    ]);
  });

  it('writes a colour only where it changes', () => {
    const [line] = halfBlocks(pixels(3, red, red, green, blue, blue, blue), 24);
    expect(line).toBe('\u001b[48;2;0;0;255m\u001b[38;2;255;0;0m▀▀\u001b[38;2;0;255;0m▀\u001b[0m');
  });

  it('leaves transparent pixels blank', () => {
    expect(halfBlocks(pixels(1, clear, clear), 24)).toEqual([' ']);
    expect(halfBlocks(pixels(1, clear, red), 24)).toEqual(['\u001b[38;2;255;0;0m▄\u001b[0m']);
    expect(halfBlocks(pixels(1, red, clear), 24)).toEqual(['\u001b[38;2;255;0;0m▀\u001b[0m']);
    const [line] = halfBlocks(pixels(2, red, clear, blue, clear), 24);
    expect(line).toBe('\u001b[48;2;0;0;255m\u001b[38;2;255;0;0m▀\u001b[49m \u001b[0m');
  });

  it('an odd last row has nothing below it', () => {
    expect(halfBlocks(pixels(1, red, red, green), 24)[1]).toBe('\u001b[38;2;0;255;0m▀\u001b[0m');
  });

  it('takes the nearest of 256 colours where there are no more', () => {
    // 16 + 36·5 = 196; (128, 128, 128) → levels 3, 3, 3 → 16 + 108 + 18 + 3.
    expect(halfBlocks(pixels(1, red, [128, 128, 128, 255]), 8)).toEqual([
      '\u001b[48;5;145m\u001b[38;5;196m▀\u001b[0m',
    ]);
  });
});
