export { type ChatMessage, type ChatTemplate, chatTemplate, type RenderOptions } from './chat.ts';
export type {
  CommonTextOptions,
  EncodingOptions,
  TextOptions,
  TiktokenOptions,
  TokenizerJsonOptions,
} from './options.ts';
export { textPlugin } from './plugin.ts';
export { type EncodingName, encodingNames } from './tiktoken/engine.ts';
export { createTextTokenizer, type TextTokenizer } from './tokenizer.ts';
