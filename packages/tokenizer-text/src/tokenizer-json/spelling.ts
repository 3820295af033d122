/**
 * How the ids of a tokenizer.json are spelt in bytes: the decoding half of `engine.ts`.
 * Byte-level vocabularies write each byte as one printable character, others write text and `<0x0A>` for bytes.
 */
import type { Engine } from '../engine.ts';
import { parts } from './pieces.ts';
import { asRecord, type Piece, type TokenizerJson, unsupported } from './read.ts';

/** GPT-2's alphabet: printable Latin-1 stands for itself, the other 68 bytes for U+0100 and on, in order. */
export const byteOfCharacter: ReadonlyMap<string, number> = alphabet();

function alphabet(): Map<string, number> {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 0x100;
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  return new Map(bytes.map((byte) => [String.fromCharCode(printable(byte) ? byte : next++), byte]));
}

/** Bytes of an id. Throws FORMAT_UNKNOWN if a decoder does what cannot be done id by id. */
export function spell(file: TokenizerJson, byteLevel: boolean): Engine['bytes'] {
  const text = byteLevel ? undefined : readDecoder(file.decoder);
  if (byteLevel) checkByteLevelDecoder(file.decoder);
  const encoder = new TextEncoder();
  const tokens = new Map([...file.vocabulary].map(([token, id]) => [id, token]));
  const added = new Map(file.addedTokens.map((token) => [token.id, encoder.encode(token.content)]));
  return (id, first) => {
    const bytes = added.get(id);
    if (bytes !== undefined) return bytes;
    const token = tokens.get(id);
    if (token === undefined) return new Uint8Array();
    if (text === undefined) return bytesOfCharacters(token) ?? encoder.encode(token);
    return byteOfToken(token) ?? encoder.encode(text(token, first));
  };
}

function bytesOfCharacters(token: string): Uint8Array | undefined {
  const bytes = Array.from(token, (character) => byteOfCharacter.get(character));
  const known = bytes.filter((byte) => byte !== undefined);
  return known.length === bytes.length ? Uint8Array.from(known) : undefined;
}

/** `<0x0A>` → the byte 10. */
function byteOfToken(token: string): Uint8Array | undefined {
  const match = /^<0x([0-9A-F]{2})>$/.exec(token);
  return match ? Uint8Array.of(Number.parseInt(match[1]!, 16)) : undefined;
}

function checkByteLevelDecoder(decoder: Piece | null): void {
  const all = decoder?.type === 'Sequence' ? parts(decoder, 'decoders') : [decoder];
  const other = all.find((piece) => piece?.type !== 'ByteLevel');
  if (other !== undefined)
    throw unsupported(`decoder ${other?.type ?? 'null'} after a ByteLevel pre_tokenizer`, 'ByteLevel');
}

/** A token's text; `first` in its segment it may lose a space that encoding put there. */
type TokenText = (token: string, first: boolean) => string;

function readDecoder(decoder: Piece | null): TokenText {
  if (decoder === null) throw unsupported('no decoder', 'a decoder that writes spaces');
  const all = decoder.type === 'Sequence' ? parts(decoder, 'decoders') : [decoder];
  const steps = all.map(readDecoderPart);
  return (token, first) => steps.reduce((text, step) => step(text, first), token);
}

function readDecoderPart(piece: Piece): TokenText {
  switch (piece.type) {
    case 'ByteFallback':
    case 'Fuse':
      return (text) => text; // What `byteOfToken` and the stream of bytes do anyway.
    case 'Replace': {
      const pattern = asRecord(piece['pattern'], 'pattern of decoder Replace')['String'];
      if (typeof pattern !== 'string') throw unsupported('decoder Replace with a Regex', 'a String');
      return (text) => text.replaceAll(pattern, () => String(piece['content']));
    }
    case 'Strip': {
      const { content, start, stop } = piece;
      if (content !== ' ' || stop !== 0 || (start !== 0 && start !== 1)) {
        throw unsupported(`decoder ${JSON.stringify(piece)}`, 'Strip of one space at the start');
      }
      return (text, first) => (first && start === 1 && text.startsWith(' ') ? text.slice(1) : text);
    }
    case 'Metaspace': {
      const replacement = String(piece['replacement'] ?? '▁');
      const never = piece['prepend_scheme'] === 'never' || piece['add_prefix_space'] === false;
      // The original drops every replacement character of the first token, not only one.
      return (text, first) => text.replaceAll(replacement, first && !never ? '' : ' ');
    }
    default:
      throw unsupported(
        `decoder ${piece.type}`,
        'ByteLevel, ByteFallback, Fuse, Metaspace, Replace or Strip',
      );
  }
}
