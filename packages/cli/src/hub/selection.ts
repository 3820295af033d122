/**
 * Which files of a repository make a checkpoint: config, tokenizer, licence and weights as safetensors. Pure.
 * Never weights of other formats: a pickle runs code when it is read.
 */
import { AnyToAnyError } from '@any-to-any/core';

export interface RemoteFile {
  /** Relative, forward slashes; checked when it was listed. */
  readonly path: string;
  readonly bytes: number;
  /** Of the content: SHA-256 of a large file, git's SHA-1 of a small one, in hexadecimal digits. */
  readonly digest: { readonly kind: 'sha256' | 'git'; readonly value: string };
}

const beside = /\.(json|jinja|txt|model|tiktoken)$|^(LICENSE|NOTICE)/i;
const weights = /\.safetensors$/;
const pickles = /\.(bin|pt|pth|ckpt|pkl|pickle)$/;

/** `wanted`: these files and no others. Throws HUB_NOT_FOUND, CHECKPOINT_INVALID. */
export function selectFiles(
  name: string,
  files: readonly RemoteFile[],
  wanted: readonly string[],
): RemoteFile[] {
  if (wanted.length > 0) return wanted.map((path) => named(name, files, path));
  const top = files.filter(({ path }) => !path.includes('/'));
  const all = top.filter(({ path }) => weights.test(path));
  if (all.length === 0) throw withoutWeights(name, top);
  // The same weights may be there a second time under the names of who trained them: consolidated.safetensors.
  const usual = all.filter(({ path }) => path.startsWith('model'));
  return [...top.filter(({ path }) => beside.test(path)), ...(usual.length > 0 ? usual : all)];
}

function named(name: string, files: readonly RemoteFile[], path: string): RemoteFile {
  const file = files.find((one) => one.path === path);
  if (file !== undefined) return file;
  throw new AnyToAnyError('HUB_NOT_FOUND', `${name} has no file "${path}". It has: ${shortList(files)}.`, {
    stage: 'pull',
    path,
  });
}

function withoutWeights(name: string, top: readonly RemoteFile[]): AnyToAnyError {
  const fail = (problem: string): AnyToAnyError =>
    new AnyToAnyError('CHECKPOINT_INVALID', `${name} ${problem}`, { stage: 'pull' });
  const gguf = top.filter(({ path }) => path.endsWith('.gguf'));
  if (gguf.length > 0) {
    return fail(`has no safetensors, but GGUF: choose one with --file. There are: ${shortList(gguf)}.`);
  }
  const found = top.filter(({ path }) => pickles.test(path));
  if (found.length === 0) {
    return fail(`has no safetensors. Is it a model? It has: ${shortList(top)}.`);
  }
  return fail(
    `has its weights as ${shortList(found)} only, which can run code when read. Expected safetensors. ` +
      `Convert it where PyTorch is: python -c "from transformers import AutoModel, AutoTokenizer; ` +
      `[part.from_pretrained('${name}').save_pretrained('converted') for part in (AutoModel, AutoTokenizer)]", ` +
      'then compile the directory "converted".',
  );
}

function shortList(files: readonly RemoteFile[]): string {
  const names = files.slice(0, 12).map(({ path }) => path);
  return files.length > names.length
    ? `${names.join(', ')} and ${files.length - names.length} more`
    : names.join(', ');
}
