/**
 * Series content: what a sensor says over time, and its check. Comes before `patches.ts`.
 * A plugin gives it a modality of its own and, where it wants to, more fields.
 */
import { AnyToAnyError, type Content } from '@any-to-any/core';

/** Measurements at even distances in time: the three axes of an accelerometer, the bands of a spectrogram. */
export interface SeriesContent extends Content {
  /** Steps per second, Hz. */
  readonly rate: number;
  /** Values per step. */
  readonly channels: number;
  /** `[steps, channels]`, row-major: all channels of the first step, then all of the second. */
  readonly data: Float32Array;
}

export interface SeriesLimits {
  readonly modality: string;
  readonly rate: number;
  readonly channels: number;
  readonly maxSteps: number;
}

/** Callers without types hand in anything. Throws CONTENT_INVALID, CONTENT_TOO_LARGE. */
export function checkSeries(content: Partial<SeriesContent>, limits: SeriesLimits): Float32Array {
  const { modality, rate, channels, maxSteps } = limits;
  const { data } = content;
  if (content.modality !== modality) {
    throw invalid(`Expected ${modality}, got ${content.modality}. Hand in ${modality}.`);
  }
  if (content.channels !== channels) {
    throw invalid(
      `Expected ${channels} channels of ${modality}, got ${content.channels}. Hand in all of them.`,
    );
  }
  if (content.rate !== rate) {
    throw invalid(`Expected ${modality} at ${rate} Hz, got ${content.rate}. Resample it.`);
  }
  if (!(data instanceof Float32Array) || data.length === 0 || data.length % channels !== 0) {
    const got = data instanceof Float32Array ? `${data.length} values` : typeof data;
    throw invalid(
      `Expected a Float32Array of ${channels} values a step, got ${got}. Hand in at least one step.`,
    );
  }
  const steps = data.length / channels;
  if (steps > maxSteps) {
    throw new AnyToAnyError(
      'CONTENT_TOO_LARGE',
      `Expected at most ${maxSteps} steps of ${modality}, got ${steps}. Cut it into pieces.`,
      { stage: 'encode', steps, maxSteps },
    );
  }
  const broken = data.findIndex((value) => !Number.isFinite(value));
  if (broken !== -1) {
    const where = `step ${Math.floor(broken / channels)}, channel ${broken % channels}`;
    throw invalid(`Expected finite values of ${modality}, got ${data[broken]} at ${where}. Fill the gap.`);
  }
  return data;
}

function invalid(message: string): AnyToAnyError {
  return new AnyToAnyError('CONTENT_INVALID', message, { stage: 'encode' });
}
