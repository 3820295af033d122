/**
 * What the decoder has to know of a whole sequence: which positions are pictures, where text stands among text, which
 * pictures a position may see. It stands in the cache, as the keys of one more layer, so that forks, truncation and
 * steps of many sequences need nothing new.
 */
import { attendCached, type KvScales } from '../../blocks/attention.ts';
import type { Build } from '../../blocks/build.ts';
import type { Value } from '../../onnx/graph.ts';
import type { MllamaText } from './config.ts';

/** The place of the region of pictures behind the marks and the text. */
const pictures = 2;
const never = -1e30;

export interface SequenceInputs {
  /** i64 `[batch, positions]`: index in the cache. */
  readonly positions: Value;
  /** i32 `[batch, positions]`. */
  readonly modality: Value;
  readonly last: Value;
  readonly capacity: Value;
}

export interface Sequence {
  /** i64 `[n]`: the positions of this step that are text, and those that are pictures, over all rows. */
  readonly text: Value;
  readonly picture: Value;
  /** i64 `[batch, positions]`: how many positions of text stand before. */
  readonly order: Value;
  /** `[batch, 1, positions, capacity]`: hides pictures, and all but the pictures that may be seen. */
  readonly hidePictures: Value;
  readonly showPictures: Value;
  /** `[1, n, 1]`: 1 for a position of text that sees a picture, else 0. */
  readonly sees: Value;
}

/** `scales`: of an int8 cache. */
export function readSequence(
  build: Build,
  plan: MllamaText,
  inputs: SequenceInputs,
  scales: KvScales | undefined,
): Sequence {
  const { graph } = build;
  const { positions, modality } = inputs;
  const axis = (at: number): Value => graph.integers([at]);
  const one = graph.floats('one', [], [1]);
  const isPicture = graph.op('Equal', [modality, scalar(build, 'pictures', pictures)]);
  const among = (flags: Value): Value => {
    const flat = graph.op('Reshape', [flags, graph.integers([-1])]);
    return graph.op('Squeeze', [graph.op('NonZero', [flat]), axis(0)]);
  };
  const text = among(graph.op('Not', [isPicture]));

  const flags = graph.op('Cast', [isPicture], { to: 1 });
  const pictured = flagsOfCache(build, plan, inputs, flags, scales);
  const written = graph.op('Sub', [one, pictured]); // 1 where text stands
  const sum = (x: Value): Value => graph.op('CumSum', [x, scalar64(build, 1)]);
  const here = (x: Value): Value => graph.op('GatherElements', [x, positions], { axis: 1 });
  const before = (x: Value): Value => graph.op('Pad', [x, graph.integers([0, 1, 0, -1])]);

  const order = graph.op('Max', [graph.op('Sub', [here(sum(written)), one]), graph.floats('zero', [], [0])]);
  // A picture begins a new group unless nothing but the mark of another picture stands before it.
  const twice = graph.op('Mul', [before(written), before(before(written))]);
  const group = sum(graph.op('Mul', [pictured, twice]));
  const column = (x: Value): Value => graph.op('Unsqueeze', [x, axis(2)]);
  const row = (x: Value): Value => graph.op('Unsqueeze', [x, axis(1)]);
  const same = graph.op('Equal', [column(here(group)), row(group)]);
  const isPictured = graph.op('Cast', [row(pictured)], { to: 9 });
  const visible = graph.op('And', [same, isPictured]);
  const none = graph.op('Mul', [column(here(written)), graph.floats('zero', [], [0])]); // [batch, positions, 1]
  const hide = graph.floats('never', [], [never]);
  const seen = graph.op('Greater', [here(sum(pictured)), graph.floats('zero', [], [0])]);
  const seenFlat = graph.op('Reshape', [graph.op('Cast', [seen], { to: 1 }), graph.integers([1, -1, 1])]);
  return {
    text,
    picture: among(isPicture),
    order: graph.op('Cast', [order], { to: 7 }),
    hidePictures: row(graph.op('Where', [isPictured, hide, none])),
    showPictures: row(graph.op('Where', [visible, none, hide])),
    sees: graph.op('Gather', [seenFlat, text], { axis: 1 }),
  };
}

/** `flags [batch, positions]` of this step go into the cache; those of all positions come back, `[batch, capacity]`. */
function flagsOfCache(
  build: Build,
  plan: MllamaText,
  { last, capacity }: SequenceInputs,
  flags: Value,
  scales: KvScales | undefined,
): Value {
  const { graph } = build;
  const { kvHeads, headWidth, layers } = plan;
  const flagged = graph.op('Expand', [
    graph.op('Unsqueeze', [flags, graph.integers([2])]),
    graph.integers([1, 1, kvHeads * headWidth]),
  ]);
  const { keys } = attendCached(build, [flagged, flagged, flagged], {
    shape: { heads: kvHeads, kvHeads, headWidth },
    inputs: { last, capacity },
    layer: layers,
    scales,
  });
  const first = [graph.integers([0, 0]), graph.integers([1, 1]), graph.integers([1, 3])];
  const line = graph.op('Reshape', [graph.op('Slice', [keys, ...first]), graph.integers([0, -1])]);
  const stored = graph.op('Cast', [line], { to: 1 }); // 1, or the level of an int8 cache
  return graph.op('Cast', [graph.op('Greater', [stored, graph.floats('half', [], [0.5])])], { to: 1 });
}

function scalar({ graph }: Build, name: string, value: number): Value {
  return graph.initializer(name, 'i32', [], () => Int32Array.of(value));
}

function scalar64({ graph }: Build, value: number): Value {
  return graph.initializer(`axis.${value}`, 'i64', [], () => BigInt64Array.of(BigInt(value)));
}
