/**
 * Plugin: what a package exports to add a modality or to change how one is made.
 * `register` runs once per pipeline, before anything is used; what it registers is checked, then frozen.
 */
import type { Adapter } from './adapter.ts';
import type { Encoder } from './encoder.ts';
import type { Engine } from './engine.ts';
import type { Graph } from './graph.ts';
import type { Processor } from './processor.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface Plugin {
  /** The package's name, as the manifest of a bundle refers to it. */
  readonly name: string;
  /** The version of this contract the plugin was written against. */
  readonly contract: 1;
  register(registry: Registry): void;
}

/** A factory is called at most once per pipeline, when the pipeline opens, with its port's part of the bundle. */
export type Factory<T> = (port: Port) => T | Promise<T>;

export interface Registry {
  tokenizer(modality: string, factory: Factory<Tokenizer>): void;
  encoder(modality: string, factory: Factory<Encoder>): void;
  adapter(modality: string, factory: Factory<Adapter>): void;
  processor(processor: Processor): void;
  engine(factory: Factory<Engine>): void;
}

/** What a bundle holds for one plugin. Paths are relative to the bundle and already checked. */
export interface Port {
  /** The options the manifest gives the plugin; the plugin checks them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly files: PortFiles;
  /**
   * Opens another adapter of the same plugin and modality that is a bundle on its own (a directory, or an installed
   * package), for an adapter that works with it. Closed with the pipeline. Absent: nobody here opens bundles.
   */
  readonly adapter?: ((bundle: string) => Promise<Port>) | undefined;
}

export interface PortFiles {
  /** The bytes of a file of the bundle. */
  read(path: string): Promise<Uint8Array>;
  /** Opens a graph of the bundle; it is closed with the pipeline. */
  graph(path: string): Promise<Graph>;
}
