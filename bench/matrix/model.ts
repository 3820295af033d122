/**
 * The model that is measured, as an app uses it: its plugins, a prompt, a modality, a seed. Its own defaults of
 * sampling and guidance apply. Pictures are judged as they were decoded, before anything refines them.
 */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import {
  type Bundle,
  type Content,
  createPipeline,
  type Device,
  type ImageContent,
  type ModalityOptions,
  openBundle,
  openGraph,
  type SoundContent,
  type SoundDelta,
  type TextContent,
} from '@any-to-any/core';
import { audioPlugin, openSoundTokenizer } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';

type Prompt = readonly (string | Content)[];

export interface Model {
  readonly name: string;
  /** Whether it takes `from` and makes `to`. */
  can(from: string, to: string): boolean;
  write(prompt: Prompt, seed: number): Promise<string>;
  draw(prompt: Prompt, seed: number): Promise<ImageContent>;
  say(prompt: Prompt, seed: number): Promise<SoundContent>;
  /** A clip through the model's own sound codec, there and back: the best that it could say. */
  coded(clip: SoundContent): Promise<SoundContent>;
  close(): Promise<void>;
}

/** Longest answers where the bundle names no limit: words, and 3.6 seconds of sound of the default model. */
const longest: Readonly<Record<string, number>> = { text: 48, audio: 180 };

/** `directory`: of a bundle. */
export async function openModel(directory: string, device: Device): Promise<Model> {
  const bundle = await openBundle(directory);
  const { ports, sampling } = bundle.manifest;
  const pipeline = await createPipeline({
    model: directory,
    plugins: [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()],
  });
  const codec = ports['audio']?.tokenizer && (await openCodec(bundle, device));

  async function ask(prompt: Prompt, to: string, seed: number): Promise<Content> {
    const own: ModalityOptions = {
      ...(to === 'image' ? { refine: false } : {}),
      ...(longest[to] !== undefined && sampling[to]?.maxIds === undefined ? { maxIds: longest[to] } : {}),
    };
    const answer = await pipeline.generate({ content: prompt, to, seed, options: { [to]: own } });
    return answer.segments[0]!.content;
  }

  return {
    name: pipeline.name,
    can: (from, to) => ports[from] !== undefined && pipeline.generates.includes(to),
    // The answer to `to: 'text'` is text, and so on.
    write: async (prompt, seed) => ((await ask(prompt, 'text', seed)) as TextContent).text,
    draw: async (prompt, seed) => (await ask(prompt, 'image', seed)) as ImageContent,
    say: async (prompt, seed) => (await ask(prompt, 'audio', seed)) as SoundContent,
    async coded(clip) {
      if (!codec) throw new Error('The model has no codec for sound.');
      const { ids, shape } = await codec.tokenizer.encode(clip);
      const deltas: SoundDelta[] = [];
      for await (const delta of codec.tokenizer.decode(inTurn(ids), { shape })) deltas.push(delta);
      return codec.tokenizer.join(deltas);
    },
    async close() {
      await pipeline.close();
      codec?.close();
    },
  };
}

async function openCodec(bundle: Bundle, device: Device) {
  const graphs: { close(): void }[] = [];
  const tokenizer = await openSoundTokenizer({
    options: bundle.manifest.ports['audio']!.tokenizer!.options, // the caller has looked
    files: {
      read: (path) => bundle.read(path),
      async graph(path) {
        const graph = await openGraph(device, bundle.path(path));
        graphs.push(graph);
        return graph;
      },
    },
  });
  return { tokenizer, close: () => graphs.forEach((graph) => void graph.close()) };
}

async function* inTurn(ids: Iterable<number>): AsyncGenerator<number> {
  yield* ids;
}
