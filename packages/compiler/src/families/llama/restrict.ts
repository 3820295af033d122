/**
 * A tokenizer.json for a part of its vocabulary: ids renumbered to the local ids of a region, the others left out.
 * Text that needed a token that is left out is spelt with shorter ones. Pure.
 */
import { listIds, type RegionIds } from './rows.ts';
import type { TextTokens } from './tokens.ts';

/** The same object if there is nothing to leave out. */
export function restrictTokenizer(json: TextTokens['json'], ids: RegionIds): TextTokens['json'] {
  const { vocab, added, merges } = partsOf(json);
  const locals = new Map(listIds(ids).map((id, local) => [id, local]));
  const all = [...Object.values(vocab), ...added.map(({ id }) => id)];
  if (all.every((id) => locals.get(id) === id)) return json;
  const kept = Object.entries(vocab).flatMap(([token, id]) => {
    const local = locals.get(id);
    return local === undefined ? [] : ([[token, local]] as const);
  });
  const known = new Set(kept.map(([token]) => token));
  return {
    ...json,
    model: {
      ...(json['model'] as object), // `partsOf` has read it
      vocab: Object.fromEntries(kept),
      merges: merges.filter((merge) => {
        const pair = typeof merge === 'string' ? merge.split(' ') : merge;
        return [...pair, pair.join('')].every((token) => known.has(token));
      }),
    },
    added_tokens: added.flatMap((token) => {
      const local = locals.get(token.id);
      return local === undefined ? [] : [{ ...token, id: local }];
    }),
  };
}

interface Parts {
  readonly vocab: Readonly<Record<string, number>>;
  readonly added: readonly { readonly id: number }[];
  readonly merges: readonly (string | readonly string[])[];
}

/** `tokens.ts` has checked the vocabulary and the added tokens; the tokenizer itself checks merges. */
function partsOf(json: TextTokens['json']): Parts {
  const model = json['model'] as { vocab: Parts['vocab']; merges?: Parts['merges'] };
  return { vocab: model.vocab, added: json['added_tokens'] as Parts['added'], merges: model.merges ?? [] };
}
