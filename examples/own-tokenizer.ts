/**
 * A complete plugin of a third party: the modality `melody`. A note is one id, and the alphabet of notes comes from
 * a file of the bundle. `melody-model.ts` makes a model for it, `play-melody.ts` plays it; nothing of ours is changed.
 */
import {
  AnyToAnyError,
  type Content,
  type EncodedIds,
  type Layout,
  type Plugin,
  type PluginDelta,
  rejectUnknownOptions,
  type Shape,
  type Tokenizer,
  throwIfAborted,
} from '@any-to-any/core';

/** Notes are written like `C4/2`: pitch and octave, then eighths; `-/1` is a rest. */
export interface MelodyContent extends Content {
  readonly modality: 'melody';
  readonly notes: readonly string[];
}

export type MelodyDelta = PluginDelta<MelodyContent>;

export const name = 'melody-for-any-to-any';

/** How far back two notes are told apart, in notes. */
const farthest = 15;

const line: Shape = { kind: 'line' };

/** A layout of our own: one bucket per distance, the last one for all that lies farther back. */
const layout: Layout = {
  kind: 'line',
  buckets: farthest + 1,
  bucket: (query, key) => Math.min(query - key, farthest),
  count: () => undefined,
};

/** `alphabet[id]` is the note an id stands for. */
export function melodyTokenizer(alphabet: readonly string[]): Tokenizer<MelodyContent, MelodyDelta> {
  const ids = new Map(alphabet.map((note, id) => [note, id]));
  return {
    modality: 'melody',
    size: alphabet.length,
    layout,
    shape(requested = line) {
      if (requested.kind === 'line') return line;
      throw new AnyToAnyError(
        'SHAPE_MISMATCH',
        `A melody is a line, not a ${requested.kind}. Ask for no shape.`,
      );
    },
    async encode(content, { signal } = {}): Promise<EncodedIds> {
      throwIfAborted(signal, 'encode');
      return { ids: Uint32Array.from(checkNotes(content), (note) => idOf(note, ids)), shape: line };
    },
    async *decode(source, { signal }) {
      throwIfAborted(signal, 'decode');
      for await (const id of source) {
        throwIfAborted(signal, 'decode');
        yield { modality: 'melody', content: melody([noteOf(id, alphabet)]) };
      }
    },
    join: (deltas) => melody([...deltas].flatMap((delta) => delta.content.notes)),
  };
}

/** What `createPipeline` takes. The bundle says in which file the alphabet is. */
export function melodyPlugin(): Plugin {
  return {
    name,
    contract: 1,
    register(registry) {
      registry.tokenizer('melody', async ({ options, files }) => {
        rejectUnknownOptions(options, ['alphabet'], name);
        const { alphabet: file } = options;
        if (typeof file !== 'string') {
          throw new AnyToAnyError(
            'OPTION_INVALID',
            `${name} needs "alphabet", a file of the bundle. Add it.`,
          );
        }
        return melodyTokenizer(readAlphabet(await files.read(file)));
      });
    },
  };
}

/** One note a line, id 0 first. */
export function readAlphabet(bytes: Uint8Array): string[] {
  const notes = new TextDecoder().decode(bytes).trim().split('\n');
  if (notes.every((note) => /^([A-G]#?\d|-)\/\d+$/.test(note)) && new Set(notes).size === notes.length)
    return notes;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    'The alphabet is not one note a line, each once. Write it again.',
  );
}

export function melody(notes: readonly string[]): MelodyContent {
  return { modality: 'melody', notes };
}

/** Callers without types hand in anything. */
function checkNotes(content: Partial<MelodyContent>): readonly unknown[] {
  if (content.modality === 'melody' && Array.isArray(content.notes)) return content.notes;
  throw new AnyToAnyError(
    'CONTENT_INVALID',
    "Expected { modality: 'melody', notes: ['C4/2', …] }. Hand in notes.",
  );
}

function idOf(note: unknown, ids: ReadonlyMap<unknown, number>): number {
  const id = ids.get(note);
  if (id !== undefined) return id;
  const known = [...ids.keys()].slice(0, 5).join(', ');
  throw new AnyToAnyError('CONTENT_INVALID', `The model has no note "${note}". It has: ${known} and more.`, {
    note,
  });
}

function noteOf(id: number, alphabet: readonly string[]): string {
  const note = alphabet[id];
  if (note !== undefined) return note;
  throw new AnyToAnyError('ID_OUT_OF_RANGE', `Expected an id in 0…${alphabet.length - 1}, got ${id}.`, {
    id,
  });
}
