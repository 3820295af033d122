/**
 * Straight RGBA bytes ⇄ planar floats in −1…1. What is transparent lies over white, as in the image tokenizer.
 */

/** RGBA `[height, width, 4]` → `[3, height, width]`. 0 → −1, 255 → 1. */
export function planarOf(data: Uint8Array): Float32Array {
  const count = data.length / 4;
  const planar = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) {
    const alpha = data[4 * i + 3]! / 255;
    for (let channel = 0; channel < 3; channel++) {
      const value = data[4 * i + channel]! * alpha + 255 * (1 - alpha);
      planar[channel * count + i] = value / 127.5 - 1;
    }
  }
  return planar;
}

/** The top left `width × height` of `[3, …, stride]` → RGBA, opaque. Values beyond −1…1 are cut. */
export function rgbaOf(planar: Float32Array, stride: number, width: number, height: number): Uint8Array {
  const plane = planar.length / 3;
  const data = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const to = 4 * (row * width + column);
      for (let channel = 0; channel < 3; channel++) {
        const value = planar[channel * plane + row * stride + column]!;
        data[to + channel] = Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
      }
      data[to + 3] = 255;
    }
  }
  return data;
}
