/**
 * Where text, pictures and marks stand in Chameleon's one vocabulary. A picture's codes are tokens whose names spell
 * them: `IMGIMGBCZ` is code 12, written with A for 0 to J for 9. Between two tokens of its own stand all of a picture.
 */
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { TextTokens } from '../llama/tokens.ts';
import { markNames, type RegionPlan, textClose, textOpen, type Vocabulary } from '../llama/vocabulary.ts';

/** The tokens before and after a picture, and the one that stands for a picture in a prompt of transformers. */
const names = { open: '<racm3:break>', close: '<eoss>', placeholder: '<image>' } as const;

const open = '<img>';
const close = '</img>';

/**
 * `image`: the tokenizer of pictures, with as many `codes` as ids; `readOnly` if they cannot be drawn. The end of text
 * is a token that ends the answer, or the one that opens a picture. Throws CHECKPOINT_INVALID.
 */
export function chameleonVocabulary(
  path: string,
  ids: Readonly<Record<string, number>>,
  tokens: TextTokens,
  size: number,
  image: Pick<RegionPlan, 'tokenizer' | 'readOnly'> & { readonly codes: number },
): Vocabulary {
  const idOf = (token: string): number => {
    const id = ids[token];
    if (id !== undefined) return id;
    throw checkpointInvalid(path, `vocabulary_map: expected the token ${token}, found none.`);
  };
  const table = imageTable(path, ids, image.codes);
  const [before, after] = [idOf(names.open), idOf(names.close)];
  const foreign = new Set([...table, before, after, ids[names.placeholder]]);
  const special = tokens.special.filter(({ id }) => !foreign.has(id));
  const named = markNames({ special }, [open, close]);
  const begin = tokens.begin === undefined || !tokens.addsBegin ? undefined : named.get(tokens.begin);
  const [end] = tokens.ends.flatMap((id) => named.get(id) ?? []);
  const silent = [
    textOpen,
    textClose,
    ...(begin === undefined ? ['<begin>'] : []),
    ...(end === undefined ? ['<end>'] : []),
  ];
  return {
    marks: [
      ...silent.map((name) => ({ name })),
      { name: open, id: before },
      { name: close, id: after },
      ...[...named].map(([id, name]) => ({ name, id })),
    ],
    begin: begin ?? '<begin>',
    end: end ?? '<end>',
    regions: [
      {
        modality: 'text',
        open: textOpen,
        close: textClose,
        ids: { table: Array.from({ length: size }, (_, id) => id).filter((id) => !foreign.has(id)) },
        layout: { kind: 'line', buckets: 32, maxDistance: 128 },
        closedBy: image.readOnly === true ? tokens.ends : [...tokens.ends, before],
        tokenizer: { kind: 'tokenizer.json' },
      },
      {
        modality: 'image',
        open,
        close,
        ids: { table },
        layout: { kind: 'grid', clip: gridClip, block: 1 },
        closedBy: [after],
        tokenizer: image.tokenizer,
        readOnly: image.readOnly,
      },
    ],
  };
}

/** The decoder knows no buckets of the grid: as few as there can be. */
export const gridClip = 1;

/** The vocabulary's id of every code, in the order of codes. */
export function imageTable(
  path: string,
  ids: Readonly<Record<string, number>>,
  codes: number,
): readonly number[] {
  const table = new Array<number | undefined>(codes).fill(undefined);
  for (const [token, id] of Object.entries(ids)) {
    const code = codeOf(token);
    if (code === undefined) continue;
    if (code >= codes) {
      throw checkpointInvalid(
        path,
        `vocabulary_map: expected codes below ${codes}, the codebook's size, found ${token}.`,
      );
    }
    table[code] = id;
  }
  const missing = table.indexOf(undefined);
  if (missing !== -1) {
    const count = table.filter((id) => id === undefined).length;
    throw checkpointInvalid(
      path,
      `vocabulary_map: expected a token for each of ${codes} codes of the image tokenizer, found none for ${count} of ` +
        `them, the first ${missing} (${nameOf(missing)}). Take the config.json that belongs to these weights.`,
    );
  }
  return table.filter((id) => id !== undefined);
}

/** `IMGIMGBCZ` → 12; undefined for other tokens. */
function codeOf(token: string): number | undefined {
  const digits = /^IMGIMG([A-J]+)Z$/.exec(token)?.[1];
  if (digits === undefined) return undefined;
  return Number(Array.from(digits, (letter) => letter.charCodeAt(0) - letterOfZero).join(''));
}

/** 12 → `IMGIMGBCZ` */
function nameOf(code: number): string {
  const letters = Array.from(String(code), (digit) => String.fromCharCode(letterOfZero + Number(digit)));
  return `IMGIMG${letters.join('')}Z`;
}

const letterOfZero = 'A'.charCodeAt(0);
