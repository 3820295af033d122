/**
 * Prompt: content → runs of positions, segment by segment, with their marks.
 * Comes before the decoder; generated segments use the same marks and places.
 */
import type { Content } from '../contract/content.ts';
import type { IdRun, Run } from '../contract/engine.ts';
import { positionsOf } from '../decoder/runs.ts';
import type { TokenSpace } from '../token-space/space.ts';
import type { Machine } from './machine.ts';
import { readContent } from './reading.ts';
import type { CheckedRequest, Mark } from './request.ts';

/** One item of the prompt, as the decoder takes it. */
export interface PromptSegment {
  readonly modality: string | 'mark';
  /** Its marks and what they enclose; a mark that is silent is no run. */
  readonly open: readonly Run[];
  readonly body: readonly Run[];
  readonly close: readonly Run[];
}

export function runsOf({ open, body, close }: PromptSegment): Run[] {
  return [...open, ...body, ...close];
}

type PromptMachine = Pick<Machine, 'ports' | 'space' | 'reads'>;

/** The runs of every item, in order. `firstSegment` numbers the segments of the sequence. */
export async function buildPrompt(
  request: CheckedRequest,
  machine: PromptMachine,
  firstSegment: number,
): Promise<PromptSegment[]> {
  const { space } = machine;
  const segments: PromptSegment[] = [];
  for (const item of request.content) {
    segments.push(
      'mark' in item
        ? { modality: 'mark', open: markRuns(space, space.mark((item as Mark).mark)), body: [], close: [] }
        : await contentSegment(item as Content, request, machine, firstSegment + countPlaces(segments)),
    );
  }
  return segments;
}

/** How many numbers of segments a prompt takes: one an item, and one more where ids and embeddings lie side by side. */
export function countPlaces(segments: readonly PromptSegment[]): number {
  return segments.reduce((sum, { body }) => sum + Math.max(1, body.filter(({ place }) => place).length), 0);
}

/**
 * What guidance compares with: the same prompt, its texts emptied; or every position of it padded, but for marks that
 * begin the sequence or open a segment of the modality that is generated. `opening` is the mark of the latter.
 */
export function unconditionalRuns(
  prompt: readonly PromptSegment[],
  space: TokenSpace,
  kind: 'empty' | 'pad',
  opening: number,
): Run[] {
  if (kind === 'pad') {
    const kept = new Set([space.begin, opening]);
    return prompt.flatMap(runsOf).map((run) => padRun(run, kept, space.mark('<pad>')));
  }
  return prompt.flatMap((segment) => {
    const { modality, open, close } = segment;
    return modality === 'text' ? [...open, ...close] : runsOf(segment);
  });
}

/** As long as `run`, so that what follows keeps its position. */
function padRun(run: Run, kept: ReadonlySet<number>, pad: number): IdRun {
  const ids = new Uint32Array(positionsOf(run)).fill(pad);
  if (run.port === 'marks' && 'ids' in run) {
    run.ids.forEach((id, at) => {
      if (kept.has(id)) ids[at] = id;
    });
  }
  return { port: 'marks', ids };
}

/** The mark as a run, or nothing if it is silent. */
export function markRuns(space: TokenSpace, id: number): IdRun[] {
  return space.isSilent(id) ? [] : [{ port: 'marks', ids: Uint32Array.of(id) }];
}

async function contentSegment(
  content: Content,
  request: CheckedRequest,
  { ports, space, reads }: PromptMachine,
  segment: number,
): Promise<PromptSegment> {
  const { modality } = content;
  const region = space.region(modality);
  const { read, between } = reads[modality] ?? {};
  const runs = await readContent(content, {
    ports,
    read: request.options[modality]?.read ?? read,
    between: between === undefined ? [] : markRuns(space, space.mark(between)),
    segment,
    signal: request.signal,
  });
  return {
    modality,
    open: markRuns(space, region.open),
    body: runs.filter((run) => positionsOf(run) > 0),
    close: markRuns(space, region.close),
  };
}
