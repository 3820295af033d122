/**
 * Reads a `.tiktoken` file: one `base64(bytes of the token) rank` per line, as OpenAI's tiktoken writes them.
 * Comes before `engine.ts`. A file that could lose bytes or make the library fail is refused here.
 */
import { AnyToAnyError } from '@any-to-any/core';

/**
 * The tokens in base64, in order of rank. `"YQ== 0\nYg== 1\n…"` → `['YQ==', 'Yg==', …]`.
 * Throws FORMAT_UNKNOWN unless ranks are 0 … n−1, tokens differ, and each of the 256 single bytes is a token.
 */
export function readRanks(file: Uint8Array): string[] {
  const tokens: (string | undefined)[] = [];
  const seen = new Set<string>();
  const lines = Buffer.from(file).toString('latin1').split('\n');
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const match = /^(\S+) (\d{1,7})\s*$/.exec(line);
    const token = match?.[1];
    const rank = Number(match?.[2]);
    if (token === undefined || Buffer.from(token, 'base64').toString('base64') !== token) {
      throw refused(`line ${index + 1} is not "base64 rank" but ${JSON.stringify(line.slice(0, 40))}`);
    }
    if (seen.has(token)) throw refused(`line ${index + 1} repeats the token ${token}`);
    if (tokens[rank] !== undefined) throw refused(`line ${index + 1} repeats rank ${rank}`);
    seen.add(token);
    tokens[rank] = token;
  });
  for (let byte = 0; byte < 256; byte++) {
    if (!seen.has(Buffer.of(byte).toString('base64')))
      throw refused(`the single byte ${byte} is not a token`);
  }
  if (seen.size !== tokens.length) {
    throw refused(`${seen.size} tokens have ranks up to ${tokens.length - 1}; ranks must have no gaps`);
  }
  return tokens.filter((token) => token !== undefined);
}

function refused(what: string): AnyToAnyError {
  return new AnyToAnyError('FORMAT_UNKNOWN', `Not a usable tiktoken rank file: ${what}. Write it again.`);
}
