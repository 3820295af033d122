/**
 * Inputs and output of one decoder step, in memory that the runtime reads and writes directly.
 * Fills them from runs; a step is `rows × positions`, row-major.
 */
import type { DecoderDescription } from '../bundle/manifest.ts';
import type { AppendRequest, Place, Run } from '../contract/engine.ts';
import { AnyToAnyError } from '../errors.ts';
import type { Device, Memory, NativeTensor } from '../runtime/interface.ts';
import type { TokenSpace } from '../token-space/space.ts';
import type { Guide } from './guide.ts';
import { countPositions, positionsOf } from './runs.ts';
import type { EmbeddingTable } from './tables.ts';

export class StepInputs {
  /** Most rows × positions of one step. */
  readonly capacity: number;
  readonly hidden: Float32Array;
  readonly #embeds: Float32Array;
  readonly #positions: BigInt64Array;
  readonly #last: Int32Array;
  readonly #modality: Int32Array;
  readonly #buckets: Int32Array;
  readonly #memory: Record<string, Memory>;
  readonly #device: Device;
  readonly #description: DecoderDescription;
  readonly #space: TokenSpace;
  readonly #tables: ReadonlyMap<string, EmbeddingTable>;
  readonly #guides: ReadonlyMap<string, Guide>;
  /** Port → index of the graph's `modality` input: 0 is marks, then the regions in order. */
  readonly #modalities: ReadonlyMap<string, number>;

  constructor(
    device: Device,
    description: DecoderDescription,
    space: TokenSpace,
    tables: ReadonlyMap<string, EmbeddingTable>,
    guides: ReadonlyMap<string, Guide>,
    capacity: number,
  ) {
    const { width, context } = description;
    const memory = {
      embeds: device.allocate(capacity * width * 4),
      hidden: device.allocate(capacity * width * 4),
      positions: device.allocate(capacity * 8),
      last: device.allocate(capacity * 4),
      capacity: device.allocate(4),
      modality: device.allocate(capacity * 4),
      buckets: device.allocate(description.inputs.buckets ? capacity * context * 4 : 4),
    };
    this.#memory = memory;
    this.#device = device;
    this.#description = description;
    this.#space = space;
    this.#tables = tables;
    this.#guides = guides;
    this.capacity = capacity;
    this.#embeds = memory.embeds.view('float32');
    this.hidden = memory.hidden.view('float32');
    this.#positions = memory.positions.view('int64');
    this.#last = memory.last.view('int32');
    this.#modality = memory.modality.view('int32');
    this.#buckets = memory.buckets.view('int32');
    memory.capacity.view('int32')[0] = context;
    this.#modalities = new Map(
      ['marks', ...space.regions.map((region) => region.modality)].map((m, i) => [m, i]),
    );
  }

  /** Writes one row: `past` positions are already in the cache. */
  fill(row: number, request: AppendRequest, past: number): void {
    const count = countPositions(request.runs);
    let at = row * count;
    let position = past;
    this.#last[row] = past + count - 1;
    for (const run of request.runs) {
      const modality = this.#modalities.get(run.port);
      if (modality === undefined) this.#space.region(run.port);
      const length = positionsOf(run);
      this.#embed(run, at);
      for (let i = 0; i < length; i++) {
        this.#positions[at] = BigInt(position);
        this.#modality[at] = modality ?? 0;
        if (this.#description.inputs.buckets) this.#fillBuckets(at, position, run.port, run.place, i);
        at++;
        position++;
      }
    }
  }

  /** The tensors of a step by graph input name, and `hidden`; the caller disposes them. */
  tensors(rows: number, positions: number): { inputs: Record<string, NativeTensor>; hidden: NativeTensor } {
    const { width, context, inputs } = this.#description;
    const device = this.#device;
    const memory = this.#memory;
    const made: Record<string, NativeTensor> = {
      embeds: device.tensor(memory['embeds']!, 'float32', [rows, positions, width]),
      positions: device.tensor(memory['positions']!, 'int64', [rows, positions]),
      last: device.tensor(memory['last']!, 'int32', [rows]),
      capacity: device.tensor(memory['capacity']!, 'int32', []),
    };
    if (inputs.modality) made['modality'] = device.tensor(memory['modality']!, 'int32', [rows, positions]);
    if (inputs.buckets)
      made['buckets'] = device.tensor(memory['buckets']!, 'int32', [rows, positions, context]);
    return { inputs: made, hidden: device.tensor(memory['hidden']!, 'float32', [rows, positions, width]) };
  }

  close(): void {
    for (const memory of Object.values(this.#memory)) memory.free();
    for (const table of [...this.#tables.values(), ...this.#guides.values()]) table.close();
  }

  #embed(run: Run, at: number): void {
    const { width } = this.#description;
    if ('embeddings' in run) {
      this.#embeds.set(run.embeddings, at * width);
      return;
    }
    const table = this.#tables.get(run.port);
    if (!table) {
      throw new AnyToAnyError('MODALITY_UNKNOWN', `The model cannot read ids of "${run.port}".`, {
        modality: run.port,
      });
    }
    const guide = run.guide && this.#guideOf(run.guide.port);
    run.ids.forEach((id, index) => {
      const offset = (at + index) * width;
      table.write(id, this.#embeds, offset);
      guide?.add(run.guide!.scale, this.#embeds, offset);
    });
  }

  #guideOf(port: string): Guide {
    const guide = this.#guides.get(port);
    if (guide) return guide;
    throw new AnyToAnyError('MODALITY_UNKNOWN', `The model has no guide for "${port}".`, { modality: port });
  }

  /** Bucket 0 everywhere but at the keys of the same segment. */
  #fillBuckets(at: number, position: number, port: string, place: Place | undefined, offset: number): void {
    const { context } = this.#description;
    const row = this.#buckets.subarray(at * context, (at + 1) * context);
    row.fill(0);
    if (!place || place.layout.buckets === 0) return;
    const { start } = this.#space.region(port).buckets;
    const query = place.start + offset;
    const base = position - query;
    for (let key = 0; key <= query; key++) {
      row[base + key] = start + place.layout.bucket(query, key, place.shape);
    }
  }
}
