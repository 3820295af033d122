/**
 * The guide of a port: vectors that stand for scales of guidance, as a table of its own.
 */
import type { Weights } from '../../blocks/build.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { type Output, tableOutput } from '../output.ts';
import type { TableType } from '../table.ts';
import { fileNames } from './manifest.ts';

/** Once it is written, CHECKPOINT_INVALID if scale 1, which is no guidance, has a vector that is not zero. */
export function guideOutput(
  port: string,
  scales: readonly number[],
  width: number,
  weights: Weights,
  type: TableType,
): Output {
  const tensor = `ports.${port}.guide.weight`;
  const load = weights(tensor, [scales.length, width]);
  const checked = async (): Promise<Float32Array> => {
    const values = await load();
    const still = scales.indexOf(1);
    const moving = values.subarray(still * width, (still + 1) * width).find((value) => value !== 0);
    if (moving === undefined) return values;
    throw checkpointInvalid('decoder', `tensor "${tensor}": expected zeros at scale 1, found ${moving}.`, {
      tensor,
    });
  };
  return tableOutput(fileNames.guide(port), scales.length * width, checked, type);
}
