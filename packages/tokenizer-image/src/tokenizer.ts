/**
 * The image tokenizer: pictures ⇄ VQ ids. Fits a picture to a grid and runs the encode graph; decoding is
 * `vq/decode.ts` or, for decoders without a finite receptive field, `vq/global.ts`; joining `join.ts`. Opens no files:
 * its graphs come from the bundle.
 */
import {
  AnyToAnyError,
  cellOf,
  type EncodedIds,
  type EncodeOptions,
  type Graph,
  gridLayout,
  type ImageContent,
  type ImageDelta,
  type Tokenizer,
  throwIfAborted,
} from '@any-to-any/core';
import { joinImage } from './join.ts';
import type { TokenizerOptions } from './options.ts';
import { checkImage } from './picture/check.ts';
import { fitPixels } from './picture/fit.ts';
import { decodeIds, type Previews } from './vq/decode.ts';
import { decodeGlobally } from './vq/global.ts';
import { chooseShape, closestGrid } from './vq/grids.ts';

/** `[1, 3, height, width]` pixels → `[1, rows, columns]` ids, and back to pixels in −1…1. */
export interface TokenizerGraphs {
  readonly encode: Graph;
  /** Absent: the bundle has no decoder. */
  readonly decode: Graph | undefined;
}

export function imageTokenizer(
  options: TokenizerOptions,
  graphs: TokenizerGraphs,
  previews: Previews,
): Tokenizer<ImageContent, ImageDelta> {
  const { size, clip, block, grids } = options;
  return {
    modality: 'image',
    size,
    layout: gridLayout({ clip, block }),
    shape: (requested) => chooseShape(grids, requested),
    encode: (content, encodeOptions) => encodeImage(content, options, graphs.encode, encodeOptions),
    decode: (ids, decodeOptions) => {
      const graph = graphs.decode ?? failWithoutDecoder();
      return options.kind === 'vq'
        ? decodeIds(ids, decodeOptions, { ...options, graph, previews })
        : decodeGlobally(ids, decodeOptions, { ...options, graph, previews });
    },
    join: joinImage,
  };
}

function failWithoutDecoder(): never {
  throw new AnyToAnyError(
    'MODALITY_UNKNOWN',
    'This model reads pictures but cannot draw them: its checkpoint had no image decoder. Compile one that has it.',
    { stage: 'decode', plugin: '@any-to-any/tokenizer-image' },
  );
}

/** The picture, fitted into the grid of the closest aspect ratio; ids in the order of the layout. */
async function encodeImage(
  content: ImageContent,
  { grids, factor, block, size, pixels }: TokenizerOptions,
  graph: Graph,
  { signal }: EncodeOptions = {},
): Promise<EncodedIds> {
  throwIfAborted(signal, 'encode');
  checkImage(content);
  const [rows, columns] = closestGrid(grids, content.width, content.height);
  const height = rows * factor;
  const width = columns * factor;
  const data = await fitPixels(content, width, height, pixels);
  throwIfAborted(signal, 'encode');
  const result = await graph.run({ pixels: { data, dims: [1, 3, height, width] } }, signal);
  throwIfAborted(signal, 'encode');

  const raster = result['ids'];
  const count = rows * columns;
  if (!(raster?.data instanceof Int32Array) || raster.data.length !== count) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Expected ids int32 [1, ${rows}, ${columns}] of the encode graph, got [${raster?.dims.join(', ')}]. ` +
        'The graph is not an image encoder of this family.',
      { stage: 'encode', expected: [1, rows, columns], actual: raster?.dims },
    );
  }
  const ids = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    const { row, column } = cellOf(index, columns, block);
    const id = raster.data[row * columns + column]!;
    if (id < 0 || id >= size) {
      throw new AnyToAnyError('ID_OUT_OF_RANGE', `The encode graph gave id ${id}; there are ${size}.`, {
        id,
        size,
        stage: 'encode',
      });
    }
    ids[index] = id;
  }
  return { ids, shape: { kind: 'grid', rows, columns } };
}
