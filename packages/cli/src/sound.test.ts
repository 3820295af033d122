/** The command and sound: what it says, shows and writes, with fakes. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { readSound, writeSound } from '@any-to-any/tokenizer-audio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeBundle, fakePlugin } from './fakes.test.kit.ts';
import { run } from './program.ts';

let model: string;
let folder: string;
beforeAll(async () => {
  model = await fakeBundle({ sound: true });
  folder = await mkdtemp(join(tmpdir(), 'any-to-any-sound-'));
});
afterAll(() => Promise.all([model, folder].map((path) => rm(path, { recursive: true }))));

async function call(args: string[], terminal: object = {}, signal = new AbortController().signal) {
  const text = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        text[name] += chunk;
        done();
      },
    });
  let time = 0;
  const code = await run(args, {
    stdout: sink('stdout'),
    stderr: Object.assign(sink('stderr'), terminal),
    stdin: Readable.from([]),
    env: {},
    plugins: [fakePlugin()],
    signal,
    now: () => (time += 100),
  });
  return { code, ...text };
}
const generate = (...args: string[]) => call(['generate', '--model', model, ...args]);
const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('generate --to audio', () => {
  it('--events has the samples as base64, piece by piece and whole', async () => {
    const { code, stdout, stderr } = await generate('a bell', '--to', 'audio', '--events', '--max-ids', '6');
    expect([code, stderr]).toEqual([0, '']);
    const events = eventsOf(stdout);
    const pieces = events.filter(({ type }) => type === 'segment-delta').map(({ delta }) => delta);
    const { content, ids } = events.find(({ type }) => type === 'segment-end');
    expect(pieces).toHaveLength(ids.length);
    expect(content).toMatchObject({ modality: 'audio', rate: 100 });
    const bytes = Buffer.concat(pieces.map(({ samples }) => Buffer.from(samples, 'base64')));
    expect(bytes.toString('base64')).toBe(content.samples);
    expect(bytes.length).toBe(16 * ids.length); // four samples of four bytes an id
    expect(bytes.readFloatLE(0)).toBe(ids[0] / 4 - 1);
  });

  it('--voice changes what is said; one that is not there is told, with those that are', async () => {
    const speak = async (...args: string[]) =>
      eventsOf((await generate('a bell', '--to', 'audio', '--events', ...args)).stdout).find(
        ({ type }) => type === 'segment-end',
      ).ids;
    const man = await speak('--voice', 'man');
    expect(await speak('--voice', 'man')).toEqual(man);
    expect(await speak('--voice', 'woman')).not.toEqual(man);
    expect(await speak()).not.toEqual(man);
    const { code, stderr } = await generate('a bell', '--to', 'audio', '--events', '--voice', 'child');
    expect([code, stderr]).toEqual([
      1,
      'OPTION_INVALID  options.audio: there is no voice "child". It has: woman, man.\n',
    ]);
  });

  it('a model without sound says what it has', async () => {
    const [silent, file] = [await fakeBundle(), join(folder, 'heard.wav')];
    await writeSound({ modality: 'audio', rate: 100, samples: new Float32Array(8) }, file);
    for (const args of [
      ['a bell', '--voice', 'man', '--events'],
      ['--audio', file, '--to', 'text'],
    ]) {
      const { code, stderr } = await call(['generate', '--model', silent, ...args]);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^MODALITY_UNKNOWN .*It has: text, image\.\n$/),
      ]);
    }
    await rm(silent, { recursive: true });
  });

  it('writes a file that is read back, and says how long it is', async () => {
    const out = join(folder, 'new', 'bell.wav');
    const { code, stdout, stderr } = await generate('a bell', '--to', 'audio', '--out', out);
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^audio {2}\d+ ids in .* · \d\.\d\d s of sound$/m);
    expect(stderr).toContain(`wrote ${out}\n`);
    const { rate, samples } = await readSound(out);
    expect([rate, samples.length % 4]).toEqual([100, 0]);
    const heard = await generate('--audio', out, '--to', 'text');
    expect(heard).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z ]+\n$/) });
  });

  it('leaves no file when it is stopped or cannot write', async () => {
    const out = join(folder, 'stopped.wav');
    const stopped = AbortSignal.abort({ interruption: 'SIGINT', exitCode: 130 });
    const args = ['generate', '--model', model, 'a bell', '--to', 'audio', '--out'];
    expect((await call([...args, out], {}, stopped)).code).toBe(130);
    const { code, stderr } = await call([...args, join(model, 'manifest.json', 'x.wav')]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/EEXIST|ENOTDIR/)]);
    expect((await readdir(folder)).filter((name) => /stopped|partial/.test(name))).toEqual([]);
  });

  it('writes a picture and a sound, each to its file', async () => {
    const [picture, sound] = [join(folder, 'both.png'), join(folder, 'other.wav')];
    const both = await generate('a bell', '--to', 'image,audio', '--out', sound, '--out', picture);
    expect(both.stderr.match(/^wrote .*$/gm)).toEqual([`wrote ${picture}`, `wrote ${sound}`]);
    const one = await generate('a bell', '--to', 'image,audio,audio', '--out', picture);
    expect(one.stderr.match(/^wrote .*$/gm)).toEqual(
      ['both.png', 'both.wav', 'both-2.wav'].map((name) => `wrote ${join(folder, name)}`),
    );
  });

  it('draws the sounds on a terminal', async () => {
    const [out, four] = [join(folder, 'drawn.wav'), 'audio,audio,audio,audio'];
    const args = ['generate', '--model', model, 'a bell', '--to', four, '--out', out];
    const { stderr } = await call(args, { isTTY: true, columns: 40, rows: 10, getColorDepth: () => 1 });
    const lines = stderr.match(/[▁▂▃▄▅▆▇█]+ \d\.\d\d s/g)!;
    expect(lines.length).toBeGreaterThan(4);
    expect(new Set(lines.map((line) => line.length)).size).toBeGreaterThan(1);
  });
});

describe('info', () => {
  it('lists the voices', async () => {
    const { stdout } = await call(['info', model]);
    expect(stdout).toMatch(/\nvoices +woman: “a woman's voice”, default\n +man: “a man's voice”, deep\n/);
    expect(JSON.parse((await call(['info', model, '--json'])).stdout).voices).toEqual({
      audio: {
        woman: { wording: "a woman's voice", default: true },
        man: { wording: "a man's voice", description: 'deep' },
      },
    });
  });
});

describe('compile', () => {
  it('takes voices from --describe, checked', async () => {
    const about = join(folder, 'about.json');
    await writeFile(about, JSON.stringify({ voices: { audio: { man: { wording: '' } } } }));
    const { code, stderr } = await call(['compile', 'none', join(folder, 'bundle'), '--describe', about]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^OPTION_INVALID {2}.*voices.audio.man.wording/),
    ]);
  });
});
