/** Right or wrong: a judged picture against its scene. */
import type { Measure, Scene } from '../items.ts';
import type { Verdict } from './judge.ts';
import { centreOf } from './parts.ts';

/** What a spoken scene is measured by. */
export const measureOf: Readonly<Record<Scene['kind'], Measure>> = {
  single: 'colour',
  pair: 'relation',
  count: 'count',
};

export function pictureIsRight(verdict: Verdict, scene: Scene, measure: Measure): boolean {
  const { objects } = verdict;
  switch (measure) {
    case 'single':
      return same(objects, scene.objects);
    case 'colour':
      return same(objects, scene.objects) && verdict.colour === scene.colour;
    case 'count':
      return same(objects, new Array<number>(scene.count).fill(scene.objects[0]!));
    case 'two':
      return same(sorted(objects), sorted(scene.objects));
    case 'relation':
      return same(sorted(objects), sorted(scene.objects)) && liesRight(verdict, scene);
  }
}

/** Whether the first object lies left of (above) the second, more than it lies above (left of) it. */
function liesRight({ objects, boxes }: Verdict, scene: Scene): boolean {
  const [first, second] = scene.objects.map((object) => centreOf(boxes[objects.indexOf(object)]!));
  const right = second![0] - first![0];
  const down = second![1] - first![1];
  return scene.vertical ? down > Math.abs(right) : right > Math.abs(down);
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
