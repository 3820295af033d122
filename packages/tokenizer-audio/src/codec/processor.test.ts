import { describe, expect, test } from 'vitest';
import { type Arrangement, Arranger } from './arrangement.ts';
import { codebookProcessor } from './processor.ts';

/** Which of the logits are left. */
function left(ids: readonly number[], arrangement: Arrangement | undefined): number[] {
  const logits = new Float32Array(7);
  codebookProcessor(() => arrangement).process(logits, { modality: 'audio', ids });
  return [...logits].flatMap((logit, id) => (logit === 0 ? [id] : []));
}

describe('leaves what can be decoded', () => {
  test('flattened: the next book; the mark, 6, after whole frames', () => {
    const arrangement: Arrangement = { order: 'flattened', books: 2, size: 3 };
    expect(left([], arrangement)).toEqual([0, 1, 2]);
    expect(left([1], arrangement)).toEqual([3, 4, 5]);
    expect(left([1, 4], arrangement)).toEqual([0, 1, 2, 6]);
  });

  test('delayed: book 1 of the last frame ends the sound', () => {
    const arrangement: Arrangement = { order: 'delayed', books: 2, size: 3 };
    expect(left([], arrangement)).toEqual([0, 1, 2]);
    expect(left([1], arrangement)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(left([1, 2], arrangement)).toEqual([3, 4, 5]);
    expect(left([1, 4], arrangement)).toEqual([6]);
  });

  test('one codebook, or no tokenizer yet: everything', () => {
    expect(left([1], { order: 'delayed', books: 1, size: 6 })).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(left([1], undefined)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('whatever is drawn from what is left comes to an end that can be decoded', () => {
    for (const order of ['flattened', 'delayed'] as const) {
      const arrangement: Arrangement = { order, books: 2, size: 3 };
      const ids: number[] = [];
      for (let step = 0; ; step++) {
        const legal = left(ids, arrangement);
        const id = legal[(step * 7 + 3) % legal.length]!;
        if (id === 6) break;
        ids.push(id);
        expect(step).toBeLessThan(100);
      }
      const arranger = new Arranger(arrangement);
      expect(ids.length % 2).toBe(0);
      expect(arranger.end()).toEqual([]);
    }
  });
});

test('concerns sound only', () => {
  expect(codebookProcessor(() => undefined).modality).toBe('audio');
});
