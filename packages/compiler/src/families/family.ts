/**
 * Family: an architecture that the compiler can turn from a checkpoint into a bundle. A new model is a new family.
 */
import type { AdapterManifestParts, ManifestParts, TokenizerManifestParts } from '@any-to-any/core';
import type { Settings } from '../options.ts';
import type { Journal } from '../work/journal.ts';

/** What a manifest says beside the files. */
export type Parts = ManifestParts | TokenizerManifestParts | AdapterManifestParts;

export interface Family {
  /** The `family` of `config.json`. */
  readonly name: string;
  /** The `model_type`s of `config.json` that are its too, for checkpoints of others. */
  readonly modelTypes?: readonly string[] | undefined;
  /** The `_class_name`s of `config.json`, as diffusers writes them. */
  readonly classNames?: readonly string[] | undefined;
  /** Writes the files of the bundle into `job.out` and returns what its manifest says of them: a model's, a tokenizer's or an adapter's. */
  compile(job: FamilyJob): Promise<Parts>;
}

export interface FamilyJob {
  /** Directory of the checkpoint, or a file that is all of it. */
  readonly checkpoint: string;
  /** The parsed `config.json`, not yet checked; undefined for a file that has its own. */
  readonly config: unknown;
  /** A directory that is empty but for what the journal has. */
  readonly out: string;
  readonly settings: Settings;
  readonly journal: Journal;
  /** Bytes of weights that were written to `file`, now or `earlier`, out of `total` of the whole bundle. */
  readonly onBytes: (file: string, bytes: number, total: number, earlier?: boolean) => void;
  readonly signal: AbortSignal | undefined;
}
