/**
 * A picture as lines of text: one character shows two pixels, the upper in its colour, the lower in its background.
 * Comes after the canvas; scales nothing.
 */

/** Straight RGBA, rows from the top; what is less than half opaque is left blank. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Bits of colour of the terminal: 24, or 8 for the 256 colours of xterm. */
export type ColorDepth = 8 | 24;

const csi = '\u001b[';

/** Two red pixels above each other → one line: `ESC[38;2;255;0;0m ESC[48;2;255;0;0m ▀ ESC[0m`. */
export function halfBlocks({ width, height, data }: Pixels, depth: ColorDepth): string[] {
  const color = (x: number, y: number): string | undefined => {
    const at = (y * width + x) * 4;
    if (y >= height || data[at + 3]! < 128) return undefined;
    return colorCode(data[at]!, data[at + 1]!, data[at + 2]!, depth);
  };
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) =>
    halfBlockLine(width, (x) => [color(x, 2 * line), color(x, 2 * line + 1)]),
  );
}

type Pair = readonly [upper: string | undefined, lower: string | undefined];

/** Writes a colour only where it changes: a line of one colour is a few bytes longer than its characters. */
function halfBlockLine(width: number, pairAt: (x: number) => Pair): string {
  let line = '';
  let front: string | undefined;
  let back: string | undefined;
  for (let x = 0; x < width; x++) {
    const [upper, lower] = pairAt(x);
    const glyph = upper ? '▀' : lower ? '▄' : ' ';
    const nextFront = upper ?? lower;
    const nextBack = upper ? lower : undefined;
    if (nextBack !== back) line += nextBack ? `${csi}48;${nextBack}m` : `${csi}49m`;
    if (nextFront !== undefined && nextFront !== front) line += `${csi}38;${nextFront}m`;
    front = nextFront ?? front;
    back = nextBack;
    line += glyph;
  }
  return front || back ? `${line}${csi}0m` : line;
}

/** `255, 0, 0` → `2;255;0;0`, or the nearest of the 6×6×6 cube: `5;196`. */
function colorCode(red: number, green: number, blue: number, depth: ColorDepth): string {
  if (depth === 24) return `2;${red};${green};${blue}`;
  const level = (value: number): number => Math.round((value / 255) * 5);
  return `5;${16 + 36 * level(red) + 6 * level(green) + level(blue)}`;
}
