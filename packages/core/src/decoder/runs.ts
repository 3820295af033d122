/** Runs as data: counting their positions and cutting them into chunks. Pure. */
import type { Run } from '../contract/engine.ts';

export function positionsOf(run: Run): number {
  return 'embeddings' in run ? run.count : run.ids.length;
}

export function countPositions(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + positionsOf(run), 0);
}

/** Cuts runs into groups of at most `size` positions: runs of 3 and 4 with size 5 → [3, 2], [2]. */
export function cutRuns(runs: readonly Run[], size: number): Run[][] {
  const groups: Run[][] = [];
  let room = 0;
  for (const run of runs) {
    const total = positionsOf(run);
    for (let at = 0; at < total; ) {
      if (room === 0) {
        groups.push([]);
        room = size;
      }
      const taken = Math.min(room, total - at);
      groups[groups.length - 1]!.push(cutRun(run, at, at + taken));
      at += taken;
      room -= taken;
    }
  }
  return groups;
}

/** The last position alone; undefined if there is none. */
export function lastPosition(runs: readonly Run[]): Run | undefined {
  const run = runs.findLast((one) => positionsOf(one) > 0);
  return run && cutRun(run, positionsOf(run) - 1, positionsOf(run));
}

function cutRun(run: Run, from: number, to: number): Run {
  const place = run.place && { ...run.place, start: run.place.start + from };
  if (!('embeddings' in run)) return { ...run, ids: run.ids.subarray(from, to), place };
  const width = run.embeddings.length / run.count;
  return { ...run, embeddings: run.embeddings.subarray(from * width, to * width), count: to - from, place };
}
