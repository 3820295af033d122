/**
 * Family: an architecture that the compiler can turn from a checkpoint into a bundle. A new model is a new family.
 */
import type { ManifestParts } from '@any-to-any/core';
import type { Settings } from '../options.ts';

export interface Family {
  /** The `family` of `config.json`. */
  readonly name: string;
  /** Writes the files of the bundle into `job.out` and returns what its manifest says of them. */
  compile(job: FamilyJob): Promise<ManifestParts>;
}

export interface FamilyJob {
  /** Directory of the checkpoint. */
  readonly checkpoint: string;
  /** The parsed `config.json`, not yet checked. */
  readonly config: unknown;
  /** An empty directory. */
  readonly out: string;
  readonly settings: Settings;
  /** Bytes of weights that were written to `file`, out of `total` of the whole bundle. */
  readonly onBytes: (file: string, bytes: number, total: number) => void;
  readonly signal: AbortSignal | undefined;
}
