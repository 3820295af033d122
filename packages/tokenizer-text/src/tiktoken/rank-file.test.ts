import { describe, expect, it } from 'vitest';
import { readRanks } from './rank-file.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => `${Buffer.of(byte).toString('base64')} ${byte}`);
const file = (lines: readonly string[]): Uint8Array => Buffer.from(lines.join('\n'));

describe('readRanks', () => {
  it('gives tokens in order of rank, whatever the order of lines', () => {
    const tokens = readRanks(file(['YWI= 256', ...bytes, '']));
    expect(tokens).toHaveLength(257);
    expect([tokens[97], tokens[256]]).toEqual(['YQ==', 'YWI=']);
  });

  it.each([
    ['a line that is no rank', [...bytes, 'YWI='], 'line 257'],
    ['broken base64', [...bytes, 'YW= 256'], 'line 257'],
    ['a token twice', [...bytes, 'YQ== 256'], 'repeats the token'],
    ['a rank twice', [...bytes, 'YWI= 255'], 'repeats rank 255'],
    ['a gap', [...bytes, 'YWI= 300'], 'no gaps'],
    ['a missing byte', bytes.slice(1), 'byte 0'],
    ['nothing', [], 'byte 0'],
  ])('refuses %s', (_, lines, message) => {
    expect(() => readRanks(file(lines))).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    expect(() => readRanks(file(lines))).toThrow(message);
  });
});
