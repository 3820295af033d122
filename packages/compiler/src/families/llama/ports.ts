/**
 * The files of a language model's ports: for the marks and for every region, rows of the one embedding table and of the
 * one head. The decoder between them is a file of its own.
 */
import type { LoadWeights } from '../../onnx/pieces.ts';
import type { Settings } from '../../options.ts';
import { graphOutput, type Output, tableOutput } from '../output.ts';
import { buildMarksHead, buildRegionHead, type HeadSource } from './head.ts';
import { fileNames } from './manifest.ts';
import { pickRows, sizeOf } from './rows.ts';
import { markCapacity, type Vocabulary } from './vocabulary.ts';

export interface PortSource {
  /** `[rows, width]`, of the ids of the checkpoint. */
  readonly table: LoadWeights;
  readonly head: LoadWeights;
  readonly width: number;
  readonly vocabulary: Vocabulary;
  readonly settings: Settings;
}

export interface PortFiles {
  readonly outputs: readonly Output[];
  /** Embedding tables by port. */
  readonly tables: ReadonlyMap<string, LoadWeights>;
}

export function portOutputs({ table, head, width, vocabulary, settings }: PortSource): PortFiles {
  const { quantization, halves, tables: stored } = settings;
  const source: HeadSource = { load: head, width, quantization };
  const type = stored === 'f16' ? 'float16' : 'float32';
  const capacity = markCapacity(vocabulary);
  const markIds = Array.from({ length: capacity }, (_, mark) => vocabulary.marks[mark]?.id);
  const marks = pickRows(table, width, { offset: 0, size: 0 }, markIds);
  const tables = new Map<string, LoadWeights>([['marks', marks]]);
  const outputs: Output[] = [
    tableOutput(fileNames.table('marks'), capacity * width, marks, type),
    graphOutput(fileNames.head('marks'), buildMarksHead(vocabulary, source), halves),
  ];
  for (const region of vocabulary.regions) {
    const { modality, ids } = region;
    const rows = pickRows(table, width, ids);
    tables.set(modality, rows);
    outputs.push(tableOutput(fileNames.table(modality), sizeOf(ids) * width, rows, type));
    if (region.readOnly === true) continue;
    outputs.push(graphOutput(fileNames.head(modality), buildRegionHead(region, source), halves));
  }
  return { outputs, tables };
}
