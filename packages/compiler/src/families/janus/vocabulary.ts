/**
 * The places of Janus' ids in a bundle. Text is the whole vocabulary between silent marks, closed by the end token;
 * begin, end, pad and the two around a picture are real ids of the vocabulary. Codes of pictures, which have a table and
 * a head of their own, come behind it.
 */
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { TextTokens } from '../llama/tokens.ts';
import { markNames, type TokenizerPlan, textClose, textOpen, type Vocabulary } from '../llama/vocabulary.ts';
import type { JanusPlan } from './plan.ts';

/** The special tokens that Janus' prompts are made of. */
export const janusTokens = {
  begin: '<｜begin▁of▁sentence｜>',
  end: '<｜end▁of▁sentence｜>',
  pad: '<｜▁pad▁｜>',
  openImage: '<begin_of_image>',
  closeImage: '<end_of_image>',
  placeholder: '<image_placeholder>',
} as const;

const names = {
  begin: '<s>',
  end: '</s>',
  pad: '<pad>',
  openImage: '<img>',
  closeImage: '</img>',
} as const;

/** `image`: the tokenizer of pictures. Throws CHECKPOINT_INVALID for a special token that the vocabulary lacks. */
export function janusVocabulary(
  path: string,
  { text, vq }: JanusPlan,
  tokens: TextTokens,
  image: TokenizerPlan,
): Vocabulary {
  const idOf = (content: string): number => {
    const found = tokens.special.find((one) => one.content === content);
    if (found !== undefined) return found.id;
    throw checkpointInvalid(path, `expected the special token ${content} among added_tokens, found none.`);
  };
  const given = new Map(
    Object.entries(names).map(([token, name]) => [idOf(janusTokens[token as keyof typeof names]), name]), // its keys
  );
  const end = idOf(janusTokens.end);
  return {
    marks: [
      { name: textOpen },
      { name: textClose },
      ...[...markNames(tokens, [], given)].map(([id, name]) => ({ name, id })),
    ],
    begin: names.begin,
    end: names.end,
    regions: [
      {
        modality: 'text',
        open: textOpen,
        close: textClose,
        ids: { offset: 0, size: text.vocabulary },
        layout: { kind: 'line', buckets: 32, maxDistance: 128 },
        closedBy: [...new Set([end, ...tokens.ends])],
        tokenizer: { kind: 'tokenizer.json' },
      },
      {
        modality: 'image',
        open: names.openImage,
        close: names.closeImage,
        ids: { offset: text.vocabulary, size: vq.codes },
        layout: imageLayout,
        closedBy: [],
        onRequest: true,
        tokenizer: image,
      },
    ],
  };
}

/** The decoder has no relative positions of its own: the smallest grid there is. */
export const imageLayout = { kind: 'grid', clip: 1, block: 1 } as const;
