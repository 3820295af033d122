/**
 * The baseline's weights as float32: of a file whose matrices are int8 with a scale per row, a reader that gives what they
 * mean. Everything else of a checkpoint (names, shapes, finite values, nothing left over) the compiler's ledger checks.
 */
import type { TensorReader } from '@any-to-any/compiler';
import { AnyToAnyError } from '@any-to-any/core';

const suffix = '.scale';

/** Throws CHECKPOINT_INVALID if an int8 tensor has no scale for each of its rows, or a scale no tensor. */
export function dequantised(reader: TensorReader): TensorReader {
  const invalid = (tensor: string, problem: string) =>
    new AnyToAnyError(
      'CHECKPOINT_INVALID',
      `${reader.path}: tensor "${tensor}" ${problem}. Export the baseline again.`,
      { file: reader.path, tensor },
    );
  const whole = new Set<string>();
  for (const { name, dtype, shape } of reader.tensors.values()) {
    if (dtype === 'I8') {
      const scale = reader.tensors.get(`${name}${suffix}`);
      if (scale === undefined) throw invalid(name, `is int8 and has no "${name}${suffix}"`);
      if (`${scale.shape}` !== `${shape[0]}`)
        throw invalid(name, `has ${shape[0]} rows and [${scale.shape.join(', ')}] scales`);
      whole.add(name);
    } else if (name.endsWith(suffix) && reader.tensors.get(name.slice(0, -suffix.length))?.dtype !== 'I8')
      throw invalid(name, 'is the scale of no int8 tensor');
  }
  const shown = [...reader.tensors].filter(([name]) => !name.endsWith(suffix));
  return {
    ...reader,
    tensors: new Map(shown.map(([name, info]) => [name, whole.has(name) ? { ...info, dtype: 'F32' } : info])),
    async read(name) {
      const values = await reader.read(name);
      if (!whole.has(name)) return values;
      const scales = await reader.read(`${name}${suffix}`);
      const row = values.length / scales.length;
      return values.map((value, i) => value * scales[Math.floor(i / row)]!);
    },
  };
}
