/**
 * The hub's access token, from where its own tools keep it. It goes into one header of one server and nowhere else:
 * no message, file or option ever holds it.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';

type Environment = Readonly<Record<string, string | undefined>>;

/** `HF_TOKEN`, or else the file that `hf auth login` writes; undefined where there is neither. Throws OPTION_INVALID. */
export async function findToken(env: Environment): Promise<string | undefined> {
  const given = env['HF_TOKEN']?.trim();
  if (given) return checked('HF_TOKEN', given);
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  const path = env['HF_TOKEN_PATH'] ?? join(home, 'token');
  try {
    const stored = (await readFile(path, 'utf8')).trim();
    return stored === '' ? undefined : checked(path, stored);
  } catch (error) {
    if (AnyToAnyError.is(error)) throw error;
    return undefined; // whoever never signed in has no such file
  }
}

/** What no header can hold is refused here: the refusal of `fetch` would show it. */
function checked(where: string, token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `${where} holds no token: one is a word of letters, digits and signs.`,
    {
      option: where,
    },
  );
}
