/**
 * The picture as the tokenizer drew it, while it is refined: which patches have come, which are exact, and for which a
 * result was asked for from what is there now.
 */
import { type Canvas, emptyCanvas } from './picture/canvas.ts';
import { around, type PatchGrid } from './picture/grid.ts';

export interface Stage {
  readonly canvas: Canvas;
  /** Says that a patch has come, or has changed. */
  touch(index: number, isExact: boolean): void;
  /** Rises with every change of the patch. */
  versionOf(index: number): number;
  /** Rises with every change of what the patch sees: itself and its neighbours. */
  stampOf(index: number): number;
  /** From now on what has come is all there is. */
  complete(): void;
  readonly isComplete: boolean;
  /** True if the patch and all it sees is exact, and no result was asked for since the last change. */
  isDue(index: number): boolean;
  /** Notes that a result is asked for now. */
  ask(index: number): void;
}

export function createStage(grid: PatchGrid): Stage {
  const canvas = emptyCanvas(grid);
  const count = grid.columns * grid.rows;
  const versions = new Uint32Array(count);
  const exact = new Uint8Array(count);
  const asked = new Uint32Array(count);
  let isComplete = false;
  // Versions only rise, so their sum tells every change.
  const stampOf = (index: number): number =>
    around(grid, index).reduce((sum, each) => sum + versions[each]!, 0);
  return {
    canvas,
    touch(index, isExact) {
      canvas.known[index] = 1;
      versions[index]!++;
      exact[index] = isExact ? 1 : 0;
    },
    versionOf: (index) => versions[index]!,
    stampOf,
    complete() {
      isComplete = true;
    },
    get isComplete() {
      return isComplete;
    },
    isDue(index) {
      if (canvas.known[index] === 0 || asked[index] === stampOf(index)) return false;
      return isComplete || around(grid, index).every((each) => exact[each] === 1);
    },
    ask(index) {
      asked[index] = stampOf(index);
    },
  };
}
