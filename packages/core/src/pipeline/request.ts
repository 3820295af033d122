/**
 * Request: what an app asks of a pipeline, and its checked form. Nothing runs here.
 */
import { type GuidanceMode, guidanceModes } from '../bundle/manifest.ts';
import type { Content, TextContent } from '../contract/content.ts';
import type { Shape } from '../contract/layout.ts';
import { checkSamplingOptions, type SamplingOptions } from '../decoder/sampling/sampler.ts';
import { AnyToAnyError, rejectUnknownOptions } from '../errors.ts';
import type { TokenSpace } from '../token-space/space.ts';
import { guidanceOf } from './guidance.ts';
import type { Machine } from './machine.ts';
import { type Reading, readings } from './reading.ts';
import { sayVoice, wordingsOf } from './voice.ts';

/** A mark by its name, for callers that write their own sequences. Text never becomes one. */
export interface Mark {
  readonly mark: string;
}

export interface ModalityOptions extends SamplingOptions {
  /** Strength of classifier-free guidance; 1 is none. */
  readonly guidance?: number | undefined;
  /**
   * `distilled`: the strength is a condition of the model and takes one row; `two-row`: the decoder runs a second time
   * without the prompt. Default: distilled where the bundle says nothing else and has vectors for this strength.
   */
  readonly guidanceMode?: GuidanceMode | undefined;
  /** Most ids of a segment without a fixed length. */
  readonly maxIds?: number | undefined;
  /** The arrangement of a segment to generate, such as the grid of an image. */
  readonly shape?: Shape | undefined;
  /** How content of this modality is read: by its encoder, as ids, or as both one after the other. Default: as the bundle says. */
  readonly read?: Reading | undefined;
  /** False leaves out what refines content after it is decoded. Default true. */
  readonly refine?: boolean | undefined;
  /** How many times larger a picture becomes after it is decoded. Default: as the bundle says. */
  readonly upscale?: 1 | 2 | 4 | undefined;
  /** Most steps in which a picture is refined after it is decoded. Default: as the bundle says. */
  readonly steps?: number | undefined;
  /** Who speaks: a name of `pipeline.voices`. Its wording is written into the prompt. */
  readonly voice?: string | undefined;
}

export interface Request {
  /** The prompt: plain strings are text. */
  readonly content?: readonly (string | Content | Mark)[] | undefined;
  /** The modality of each segment of the answer, in order. Left out: the model decides, until it ends. */
  readonly to?: string | readonly string[] | undefined;
  /** A whole number from 0; the same seed gives the same ids. Default 0. */
  readonly seed?: number | undefined;
  /** By modality; what is left out comes from the bundle. */
  readonly options?: Readonly<Record<string, ModalityOptions>> | undefined;
  /** Most segments when the model decides. Default 8. */
  readonly maxSegments?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CheckedRequest {
  /** The prompt; where the answer begins with a voice, it says so. */
  readonly content: readonly (Content | Mark)[];
  readonly to: readonly string[] | undefined;
  readonly seed: number;
  readonly options: Readonly<Record<string, ModalityOptions>>;
  /** By modality: what the prompt says of the voice that was chosen. */
  readonly wordings: ReadonlyMap<string, string>;
  readonly maxSegments: number;
  readonly signal: AbortSignal | undefined;
}

/** More steps than this cost time and change nothing. */
const mostSteps = 100;

type RequestMachine = Pick<Machine, 'space' | 'voices' | 'defaults' | 'guides'>;

/** Throws OPTION_UNKNOWN, OPTION_INVALID, MODALITY_UNKNOWN, CONTENT_INVALID. */
export function checkRequest(request: Request, machine: RequestMachine): CheckedRequest {
  const { space, voices } = machine;
  rejectUnknownOptions(request, ['content', 'to', 'seed', 'options', 'maxSegments', 'signal'], 'A request');
  const { content = [], to, seed = 0, options = {}, maxSegments = 8, signal } = request;
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new AnyToAnyError('OPTION_INVALID', `seed must be a whole number from 0, got ${seed}.`, {
      option: 'seed',
    });
  }
  if (!Number.isInteger(maxSegments) || maxSegments < 1) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `maxSegments must be a whole number from 1, got ${maxSegments}.`,
    );
  }
  const targets = to === undefined ? undefined : typeof to === 'string' ? [to] : to;
  if (targets?.length === 0) {
    throw new AnyToAnyError('OPTION_INVALID', 'to must name at least one modality, or be left out.');
  }
  for (const modality of [...(targets ?? []), ...Object.keys(options)]) space.region(modality);
  for (const [modality, own] of Object.entries(options)) {
    checkModalityOptions(own, modality);
    guidanceOf(machine, own, modality);
  }
  const wordings = wordingsOf(options, voices);
  return {
    content: sayVoice(
      content.map((item) => checkContent(item, space)),
      wordings,
      targets?.slice(0, 1),
    ),
    to: targets,
    seed,
    options,
    wordings,
    maxSegments,
    signal,
  };
}

function checkModalityOptions(options: ModalityOptions, modality: string): void {
  const where = `options.${modality}`;
  const {
    guidance,
    guidanceMode,
    maxIds,
    shape,
    read,
    refine,
    upscale,
    steps,
    voice: _,
    ...sampling
  } = options;
  checkSamplingOptions(sampling, where);
  if (guidance !== undefined && !(guidance >= 0 && guidance <= 100)) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `${where}: guidance must be a number from 0 to 100, got ${guidance}.`,
    );
  }
  if (guidanceMode !== undefined && !guidanceModes.includes(guidanceMode)) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `${where}: guidanceMode must be one of ${guidanceModes.join(', ')}, got "${guidanceMode}".`,
    );
  }
  if (maxIds !== undefined && !(Number.isInteger(maxIds) && maxIds > 0)) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `${where}: maxIds must be a whole number from 1, got ${maxIds}.`,
    );
  }
  if (shape !== undefined && shape.kind !== 'line' && shape.kind !== 'grid') {
    throw new AnyToAnyError('OPTION_INVALID', `${where}: shape must be a line or a grid.`);
  }
  if (read !== undefined && !readings.includes(read)) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `${where}: read must be one of ${readings.join(', ')}, got "${read}".`,
    );
  }
  if (refine !== undefined && typeof refine !== 'boolean') {
    throw new AnyToAnyError('OPTION_INVALID', `${where}: refine must be true or false, got ${refine}.`);
  }
  if (upscale !== undefined && upscale !== 1 && upscale !== 2 && upscale !== 4) {
    throw new AnyToAnyError('OPTION_INVALID', `${where}: upscale must be 1, 2 or 4, got ${upscale}.`);
  }
  if (steps !== undefined && !(Number.isInteger(steps) && steps >= 1 && steps <= mostSteps)) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `${where}: steps must be a whole number from 1 to ${mostSteps}, got ${steps}.`,
    );
  }
}

function checkContent(item: string | Content | Mark, space: TokenSpace): Content | Mark {
  if (typeof item === 'string') {
    const text: TextContent = { modality: 'text', text: item };
    space.region('text');
    return text;
  }
  if (typeof item !== 'object' || item === null) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Content must be a string or an object with a modality, got ${item}.`,
    );
  }
  if ('mark' in item) space.mark(item.mark);
  else space.region(item.modality);
  return item;
}
