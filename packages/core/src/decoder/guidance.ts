/**
 * Classifier-free guidance (Ho & Salimans 2022) on logits: pushes the conditional row away from the unconditional.
 * Scale 1 is no guidance; the result replaces `conditional`. The other way, in one row, is `guide.ts`.
 */
export function guide(conditional: Float32Array, unconditional: Float32Array, scale: number): void {
  for (let i = 0; i < conditional.length; i++) {
    const base = unconditional[i]!;
    conditional[i] = base + scale * (conditional[i]! - base);
  }
}
