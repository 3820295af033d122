/**
 * Residual vector quantiser (Zeghidour et al. 2021, arXiv 2107.03312): each codebook takes the code nearest to what the
 * ones before it left over, and the sum of the codes is the vector again.
 */
import type { Value } from '../onnx/graph.ts';
import type { LoadWeights } from '../onnx/pieces.ts';
import type { Build } from './build.ts';

export interface ResidualQuantizer {
  /** Names the constants. */
  readonly name: string;
  /** Loads `[codes, width]`, one codebook after the other. */
  readonly codebooks: readonly LoadWeights[];
  readonly codes: number;
  readonly width: number;
}

/** `vectors [1, width, frames]` → ids i64 `[codebooks, frames]`. */
export function nearestCodes({ graph }: Build, vectors: Value, quantizer: ResidualQuantizer): Value {
  const { name, codebooks, codes, width } = quantizer;
  let residual = graph.op('Transpose', [graph.op('Squeeze', [vectors, graph.integers([0])])], {
    perm: [1, 0],
  });
  const chosen = codebooks.map((load, i) => {
    const table = graph.initializer(`${name}.${i}`, 'f32', [codes, width], load);
    const lengths = graph.initializer(`${name}.${i}.lengths`, 'f32', [codes], async () =>
      squaredLengths(await load(), width),
    );
    // The nearest code has the smallest |code|² − 2 x·code; |x|² is the same for all of them.
    const scores = graph.op('Gemm', [residual, table, lengths], {
      transB: 1,
      alpha: { float: 2 },
      beta: { float: -1 },
    });
    const ids = graph.op('ArgMax', [scores], { axis: 1, keepdims: 0 });
    if (i + 1 < codebooks.length) residual = graph.op('Sub', [residual, graph.op('Gather', [table, ids])]);
    return graph.op('Unsqueeze', [ids, graph.integers([0])]);
  });
  return graph.op('Concat', chosen, { axis: 0 });
}

/** Ids i64 `[1, codebooks, frames]` → the sum of their codes, `[1, width, frames]`. */
export function sumOfCodes({ graph }: Build, ids: Value, quantizer: ResidualQuantizer): Value {
  const { name, codebooks, codes, width } = quantizer;
  const table = graph.initializer(name, 'f32', [codebooks.length * codes, width], () => stacked(codebooks));
  const offsets = graph.initializer(`${name}.offsets`, 'i64', [1, codebooks.length, 1], () =>
    BigInt64Array.from(codebooks, (_, i) => BigInt(i * codes)),
  );
  const looked = graph.op('Gather', [table, graph.op('Add', [ids, offsets])]); // [1, codebooks, frames, width]
  const sum = graph.op('ReduceSum', [looked, graph.integers([1])], { keepdims: 0 });
  return graph.op('Transpose', [sum], { perm: [0, 2, 1] });
}

function squaredLengths(table: Float32Array, width: number): Float32Array {
  return Float32Array.from({ length: table.length / width }, (_, row) =>
    table.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value * value, 0),
  );
}

async function stacked(codebooks: readonly LoadWeights[]): Promise<Float32Array> {
  const tables: Float32Array[] = [];
  for (const load of codebooks) tables.push(await load());
  const result = new Float32Array(tables.reduce((sum, table) => sum + table.length, 0));
  let at = 0;
  for (const table of tables) {
    result.set(table, at);
    at += table.length;
  }
  return result;
}
