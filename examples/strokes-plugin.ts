/**
 * A complete plugin of a third party for line drawings, the modality `strokes`: the tokenizer makes ids of them and back,
 * point by point, `strokes-encoder.ts` reads them. `draw-strokes.ts` uses both with a model that was grown by them
 * (`docs/grow-a-modality.md`); nothing of ours is changed.
 */
import {
  AnyToAnyError,
  type EncodedIds,
  type Plugin,
  rejectUnknownOptions,
  type Shape,
  type Tokenizer,
  throwIfAborted,
} from '@any-to-any/core';
import {
  checkStrokes,
  joinStrokes,
  layout,
  lift,
  name,
  type StrokesContent,
  type StrokesDelta,
  strokes,
  toIds,
  toPoint,
} from './strokes.ts';
import { openStrokesEncoder } from './strokes-encoder.ts';

const line: Shape = { kind: 'line' };

/** What `createPipeline` takes. */
export function strokesPlugin(): Plugin {
  return {
    name,
    contract: 1,
    register(registry) {
      registry.tokenizer('strokes', ({ options }) => {
        rejectUnknownOptions(options, [], name);
        return strokesTokenizer();
      });
      registry.encoder('strokes', openStrokesEncoder);
    },
  };
}

export function strokesTokenizer(): Tokenizer<StrokesContent, StrokesDelta> {
  return {
    modality: 'strokes',
    size: lift + 1,
    layout,
    shape(requested = line) {
      if (requested.kind === 'line') return line;
      throw new AnyToAnyError('SHAPE_MISMATCH', `Strokes are a line, not a ${requested.kind}. Ask for none.`);
    },
    async encode(content, { signal } = {}): Promise<EncodedIds> {
      throwIfAborted(signal, 'encode');
      return { ids: Uint32Array.from(toIds(checkStrokes(content))), shape: line };
    },
    async *decode(source, { signal }) {
      throwIfAborted(signal, 'decode');
      let lifted = false;
      for await (const id of source) {
        throwIfAborted(signal, 'decode');
        if (id === lift) lifted = true;
        else {
          const drawn = [toPoint(id)];
          yield { modality: 'strokes', content: strokes(lifted ? [[], drawn] : [drawn]) };
          lifted = false;
        }
      }
    },
    join: joinStrokes,
  };
}
