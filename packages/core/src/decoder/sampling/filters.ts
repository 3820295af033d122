/**
 * Filters: logits → logits, in place; what is filtered out becomes −Infinity. Pure arithmetic on arrays.
 * Names and order are the field's: repetition penalty, temperature, top-k, min-p, top-p.
 */

/** Divides positive and multiplies negative scores of ids that already came (Keskar et al. 2019, CTRL). */
export function penalizeRepetition(logits: Float32Array, ids: Iterable<number>, penalty: number): void {
  for (const id of new Set(ids)) {
    const score = logits[id];
    if (score !== undefined) logits[id] = score > 0 ? score / penalty : score * penalty;
  }
}

export function scaleByTemperature(logits: Float32Array, temperature: number): void {
  for (let i = 0; i < logits.length; i++) logits[i]! /= temperature;
}

/** Keeps the k largest; ties at the border stay. `[3, 1, 2]` with k = 2 → `[3, −∞, 2]`. */
export function keepTopK(logits: Float32Array, k: number): void {
  if (k <= 0 || k >= logits.length) return;
  const threshold = kthLargest(logits, k);
  for (let i = 0; i < logits.length; i++) if (logits[i]! < threshold) logits[i] = -Infinity;
}

/** Keeps what is at least `minP` times as likely as the likeliest. */
export function keepMinP(logits: Float32Array, minP: number): void {
  if (minP <= 0) return;
  const threshold = maximum(logits) + Math.log(minP);
  for (let i = 0; i < logits.length; i++) if (logits[i]! < threshold) logits[i] = -Infinity;
}

/** Keeps the smallest set of likeliest ids whose probabilities reach `topP` (Holtzman et al. 2019). */
export function keepTopP(logits: Float32Array, topP: number): void {
  if (topP >= 1) return;
  const probabilities = softmax(logits);
  const floor = (1 - topP) / logits.length;
  const candidates: number[] = [];
  // Ids below `floor` hold less than 1 − topP together, so the set never needs them.
  for (let i = 0; i < probabilities.length; i++) if (probabilities[i]! >= floor) candidates.push(i);
  candidates.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  const kept = new Set<number>();
  let sum = 0;
  for (const id of candidates) {
    kept.add(id);
    sum += probabilities[id]!;
    if (sum >= topP) break;
  }
  for (let i = 0; i < logits.length; i++) if (!kept.has(i)) logits[i] = -Infinity;
}

/** Probabilities of the scores; −Infinity becomes exactly 0. */
export function softmax(logits: Float32Array): Float64Array {
  const top = maximum(logits);
  const result = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i]! === -Infinity ? 0 : Math.exp(logits[i]! - top);
    result[i] = value;
    sum += value;
  }
  for (let i = 0; i < result.length; i++) result[i]! /= sum;
  return result;
}

export function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

function maximum(values: Float32Array): number {
  let top = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i]! > top) top = values[i]!;
  return top;
}

/** Quickselect on a copy: linear on average, where a sort would cost more than a decoder step. */
function kthLargest(values: Float32Array, k: number): number {
  const work = values.slice();
  let low = 0;
  let high = work.length - 1;
  const target = k - 1;
  while (low < high) {
    const pivot = work[(low + high) >> 1]!;
    let left = low;
    let right = high;
    while (left <= right) {
      while (work[left]! > pivot) left++;
      while (work[right]! < pivot) right--;
      if (left <= right) {
        const kept = work[left]!;
        work[left++] = work[right]!;
        work[right--] = kept;
      }
    }
    if (target <= right) high = right;
    else if (target >= left) low = left;
    else break;
  }
  return work[target]!;
}
