/**
 * The shipped bundle's image tokenizer and patch stage, without its decoder: true renders → ids → what the tokenizer
 * draws → what the stage makes of it. Both come from the plugins an app uses.
 */
import { denoiseAdapter, lanczosAdapter, type PatchesOptions } from '@any-to-any/adapter-denoise';
import {
  type Adapter,
  type Bundle,
  type Delta,
  type Device,
  type Factory,
  type ImageContent,
  type ImageDelta,
  openGraph,
  type Port,
  type Shape,
  type Tokenizer,
} from '@any-to-any/core';
import { imagePlugin } from '@any-to-any/tokenizer-image';

/** What the tokenizer draws of a picture, every patch once and exactly. */
export interface Drawn {
  readonly patches: readonly ImageDelta[];
  readonly shape: Shape;
}

export interface Stage {
  readonly options: PatchesOptions;
  draw(picture: ImageContent): Promise<Drawn>;
  /** Every delta the stage sends; `changes` to how the bundle says that it runs. */
  refine(drawn: Drawn, changes: Partial<PatchesOptions>): Promise<ImageDelta[]>;
  /** The baseline: plain Lanczos over what the tokenizer drew. */
  lanczos(drawn: Drawn, scale: 2 | 4): Promise<ImageDelta[]>;
}

/** Throws if the bundle has no patch stage. */
export async function openStage(bundle: Bundle, device: Device): Promise<Stage> {
  const image = bundle.manifest.ports['image'];
  const use = image?.adapters?.find(({ plugin }) => plugin === '@any-to-any/adapter-denoise');
  if (image?.tokenizer === undefined || use === undefined)
    throw new Error(`${bundle.manifest.name} has no patch stage.`);
  // The compiler wrote them; the plugin checks them when a pipeline opens.
  const options = use.options as unknown as PatchesOptions;
  const files: Port['files'] = {
    read: (path) => bundle.read(path),
    graph: (path) => openGraph(device, bundle.path(path)),
  };
  const graph = await files.graph(options.graph);
  const factory = tokenizerFactory();
  const tokenizers = new Map<number, Tokenizer<ImageContent, ImageDelta>>();
  const { options: own } = image.tokenizer;

  /** The tokenizer for pictures of this side: fully convolutional, so any grid of ids will do. */
  async function tokenizerOf(side: number): Promise<Tokenizer<ImageContent, ImageDelta>> {
    const cells = side / options.factor;
    const made =
      tokenizers.get(cells) ?? (await factory({ options: { ...own, grids: [[cells, cells]] }, files }));
    tokenizers.set(cells, made as Tokenizer<ImageContent, ImageDelta>); // the image plugin's only tokenizer
    return tokenizers.get(cells)!;
  }

  return {
    options,
    async draw(picture) {
      const tokenizer = await tokenizerOf(picture.width);
      const { ids, shape } = await tokenizer.encode(picture);
      const patches: ImageDelta[] = [];
      for await (const patch of tokenizer.decode(inTurn(ids), { shape })) patches.push(patch);
      return { patches, shape };
    },
    refine: (drawn, changes) => adapt(denoiseAdapter({ ...options, ...changes }, graph), drawn),
    lanczos: (drawn, scale) => adapt(lanczosAdapter({ kind: 'lanczos', scale }), drawn),
  };
}

async function adapt(adapter: Adapter<Delta>, { patches, shape }: Drawn): Promise<ImageDelta[]> {
  const sent: ImageDelta[] = [];
  for await (const delta of adapter.adapt(inTurn(patches), { shape })) sent.push(delta as ImageDelta); // pictures went in
  return sent;
}

/** What the image plugin registers, without a pipeline; exact patches only. */
function tokenizerFactory(): Factory<Tokenizer> {
  let found: Factory<Tokenizer> | undefined;
  const pass = (): void => undefined;
  imagePlugin({ previews: 'exact' }).register({
    tokenizer: (_, factory) => {
      found = factory;
    },
    encoder: pass,
    adapter: pass,
    processor: pass,
    engine: pass,
  });
  return found!; // the plugin registers one
}

async function* inTurn<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}
