/**
 * For tests: a hub with one model, a directory to pull it to, and ways to look at both. One of each for every test.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Pulled, type PullOptions, pull } from './pull.ts';
import { type HubServer, startHub } from './server.test.kit.ts';

export const weights = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 3));

export interface Place {
  root: string;
  directory: string;
  hub: HubServer;
  environment(more?: Record<string, string>): Record<string, string>;
  fetchAll(options?: Partial<PullOptions>): Promise<Pulled>;
  /** What pulling throws. */
  failure(options?: Partial<PullOptions>): Promise<AnyToAnyError>;
  /** Where the weights lie before they are complete. */
  partial(): string;
  /** `toEqual` would compare element by element. */
  isWhole(): Promise<boolean>;
}

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** To be called once in a file; its fields are set before every test. */
export function usePlace(): Place {
  const place: Place = {
    root: '',
    directory: '',
    hub: undefined as unknown as HubServer, // set before every test
    environment: (more = {}) => ({ HF_ENDPOINT: place.hub.url, HF_HOME: join(place.root, 'home'), ...more }),
    fetchAll: (options = {}) =>
      pull('owner/tiny', place.directory, { env: place.environment(), pause: 1, ...options }),
    async failure(options) {
      const error = await place.fetchAll(options).catch((thrown: unknown) => thrown);
      expect(AnyToAnyError.is(error)).toBe(true);
      return error as AnyToAnyError; // just checked
    },
    partial: () => join(place.directory, '.pull', `${sha256(weights)}.partial`),
    isWhole: async () => (await readFile(join(place.directory, 'model.safetensors'))).equals(weights),
  };
  beforeEach(async () => {
    place.root = await mkdtemp(join(tmpdir(), 'any-to-any-pull-'));
    place.directory = join(place.root, 'tiny');
    place.hub = await startHub({
      'config.json': '{"model_type":"llama"}',
      'tokenizer.json': '{}',
      LICENSE: 'Apache',
      'empty.txt': '',
      'README.md': '# tiny',
      'model.safetensors': weights,
      'consolidated.safetensors': weights.subarray(1),
      'pytorch_model.bin': weights.subarray(2),
      'onnx/model.onnx': 'x',
    });
  });
  afterEach(async () => {
    await place.hub.close();
    await rm(place.root, { recursive: true });
  });
  return place;
}
