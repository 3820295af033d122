/**
 * For tests: a safetensors file, read whole, changed and written again.
 */
import { openSafetensors } from './file.ts';
import { type TensorToWrite, writeSafetensors } from './write.ts';

export async function changeTensors(
  path: string,
  change: (tensors: TensorToWrite[]) => TensorToWrite[],
): Promise<void> {
  const reader = await openSafetensors(path);
  const all: TensorToWrite[] = [];
  for (const { name, dtype, shape } of reader.tensors.values()) {
    all.push({ name, dtype, shape, data: await reader.readBytes(name) });
  }
  await reader.close();
  await writeSafetensors(path, change(all));
}
