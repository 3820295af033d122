import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { readImage } from '@any-to-any/tokenizer-image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeBundle, fakePlugin } from './fakes.test.kit.ts';
import { run } from './program.ts';

let model: string;
let folder: string;
beforeAll(async () => {
  model = await fakeBundle();
  folder = await mkdtemp(join(tmpdir(), 'any-to-any-out-'));
});
afterAll(() => Promise.all([model, folder].map((path) => rm(path, { recursive: true }))));

interface Given {
  readonly stdin?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly delay?: number;
}

async function call(
  args: string[],
  { stdin = '', signal = new AbortController().signal, delay = 0 }: Given = {},
) {
  const text = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _, done) {
        text[name] += chunk;
        done();
      },
    });
  const code = await run(args, {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: Readable.from([Buffer.from(stdin)]),
    env: {},
    plugins: [fakePlugin(delay)],
    signal,
    now: () => 0,
  });
  return { code, ...text };
}
const generate = (args: string[], given?: Given) => call(['generate', '--model', model, ...args], given);

describe('generate', () => {
  it('writes text to stdout and everything else to stderr', async () => {
    const { code, stdout, stderr } = await generate(['hello', '--to', 'text', '--seed', '3']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[a-z ]{1,12}\n$/);
    expect(stderr).toContain('positions read');
    expect(await generate(['hello', '--to', 'text', '--seed', '3'])).toMatchObject({ stdout });
    expect(await generate(['hello', '--to', 'text', '--seed', '4'])).not.toMatchObject({ stdout });
  });

  it('writes a picture to the file, replacing an older one', async () => {
    const out = join(folder, 'new', 'grey.png');
    expect(await generate(['hello', '--to', 'image', '--out', out])).toMatchObject({ code: 0, stdout: '' });
    expect(await readImage(out)).toMatchObject({ width: 6, height: 4 });
    const { code, stderr } = await generate(['hello', '--to', 'image,image', '--out', out]);
    expect(code).toBe(0);
    expect(stderr).toContain(`wrote ${out}\n`);
    expect((await readdir(join(folder, 'new'))).sort()).toEqual(['grey-2.png', 'grey.png']);
  });

  it('--quiet says nothing', async () => {
    const result = await generate(['hello', '--to', 'image', '--out', join(folder, 'q.webp'), '--quiet']);
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('--events writes JSON lines and nothing else', async () => {
    const { code, stdout, stderr } = await generate(['hello', '--to', 'image,text', '--events']);
    expect([code, stderr]).toEqual([0, '']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events[0]).toEqual({
      type: 'segment-start',
      segment: 0,
      modality: 'image',
      shape: { kind: 'grid', rows: 2, columns: 3 },
    });
    const patches = events.filter(({ type, segment }) => type === 'segment-delta' && segment === 0);
    expect(patches.map(({ delta }) => Buffer.from(delta.data, 'base64').length)).toEqual(Array(6).fill(16));
    expect(events.filter(({ type }) => type === 'segment-end')[0].ids).toHaveLength(6);
    expect(events.at(-1).type).toBe('finish');
  });

  it('--events with --out still keeps stdout for events', async () => {
    const out = join(folder, 'events.png');
    const { stdout } = await generate(['hello', '--to', 'image,text', '--events', '--out', out]);
    for (const line of stdout.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(existsSync(out)).toBe(true);
  });

  it('reads the text from stdin', async () => {
    const expected = await generate(['hello', '--to', 'text', '--quiet']);
    expect(await generate(['-', '--to', 'text', '--quiet'], { stdin: 'hello\n' })).toEqual(expected);
    const broken = await generate(['-', '--to', 'text'], { stdin: Uint8Array.of(0xff, 0xfe) });
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringMatching(/^CONTENT_INVALID {2}/) });
  });

  it('the order of text and pictures is the order of the prompt', async () => {
    const picture = join(folder, 'order.png');
    await generate(['hello', '--to', 'image', '--out', picture]);
    const first = await generate(['--image', picture, 'hello', '--to', 'text']);
    const last = await generate(['hello', '--to', 'text', '--image', picture]);
    expect([first.code, last.code]).toEqual([0, 0]);
    expect(first.stdout).not.toBe(last.stdout);
  });

  it('--guidance-mode changes how pictures are guided, and the usual way is in one row', async () => {
    const out = join(folder, 'guided.png');
    const draw = async (...more: string[]) => {
      const usual = ['hello', '--to', 'image,text', '--guidance', '2', '--quiet', '--out', out];
      return { ...(await generate([...usual, ...more])), picture: await readFile(out) };
    };
    const distilled = await draw('--guidance-mode', 'distilled');
    expect(distilled.code).toBe(0);
    expect(await draw()).toEqual(distilled);
    const compared = await draw('--guidance-mode', 'two-row');
    expect(compared.code).toBe(0);
    expect(compared.picture.equals(distilled.picture)).toBe(false);
    const beyond = await generate([
      'hello',
      '--to',
      'image',
      '--guidance',
      '4',
      '--guidance-mode',
      'distilled',
    ]);
    expect(beyond).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^OPTION_INVALID .* from 1 to 3, got 4/),
    });
  });

  it.each([
    ['MODALITY_UNKNOWN', ['hello', '--to', 'audio']],
    ['CONTENT_INVALID', ['--audio', 'none.wav', '--to', 'text']],
    ['CONTENT_INVALID', ['--image', 'none.png', '--to', 'text']],
    ['CONTENT_INVALID', ['UPPER', '--to', 'text']],
    ['CONTEXT_FULL', ['x'.repeat(600), '--to', 'text']],
    ['BUNDLE_NOT_FOUND', ['hello', '--to', 'text', '--model', 'none']],
  ])('a failure is %s and exit code 1', async (code, args) => {
    const result = await generate(args);
    expect(result.code).toBe(1);
    expect(result.stderr.startsWith(`${code}  `)).toBe(true);
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says what the model has instead of sound', async () => {
    expect((await generate(['--to', 'audio'])).stderr).toContain('It has: text, image.');
  });

  it.each([
    [[]],
    [['hello', 'twice']],
    [['hello', '--unknown']],
    [['hello', '--seed', '-1']],
    [['hello', '--seed', 'x']],
    [['hello', '--top-p', '2']],
    [['hello', '--to', '']],
    [['hello', '--to', 'image', '--out', 'x.gif']],
    [['hello', '--to', 'text', '--out', 'x.png']],
    [['hello', '--to', 'image', '--out', 'x.png', '--out', 'y.png']],
    [['hello', '--to', 'image', '--voice', 'man']],
    [['hello', '--to', 'text', '--guidance-mode', 'two-row']],
    [['hello', '--to', 'image', '--guidance-mode', 'twice']],
    [['hello', '--to', 'text', '--upscale', '2']],
    [['hello', '--to', 'image', '--upscale', '3']],
    [['hello', '--to', 'text', '--upsampler', 'swinir-x2']],
    [['hello', '--to', 'text', '--steps', '2']],
    [['hello', '--to', 'image', '--steps', '0']],
  ])('wrong use is exit code 2: %j', async (args) => {
    const result = await generate(args);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: /) });
  });

  it('stops on the signal, leaves no file and exits with its code', async () => {
    const out = join(folder, 'stopped.png');
    const controller = new AbortController();
    setTimeout(() => controller.abort({ interruption: 'SIGINT', exitCode: 130 }), 60);
    const given = { signal: controller.signal, delay: 20 };
    const result = await generate(
      ['hello', '--to', Array(50).fill('image').join(), '--out', out, '--events'],
      given,
    );
    expect(result).toMatchObject({ code: 130, stderr: 'ABORTED  Stopped by SIGINT.\n' });
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
    expect(result.stdout).not.toContain('finish');
  });
});

describe('info', () => {
  it('tells a reader', async () => {
    const { code, stdout } = await call(['info', model]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^fakes +1\.2\.3 · Apache-2\.0 · 8 bytes\n/);
    expect(stdout).toMatch(/\nmakes +text, image\n/);
    expect(stdout).toMatch(/\nguidance +of image in one row from 1 to 3\n/);
    expect(stdout).toMatch(/\nimage +<img>…<\/img> ids 35–44, grid, clip 1, blocks of 1\n/);
  });

  it('--json', async () => {
    const { stdout } = await call(['info', model, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'fakes',
      reads: ['text', 'image'],
      decoder: { layers: 1, kv: 'float32' },
      guides: { image: [1, 1.5, 3] },
      space: { size: 45, regions: [{ modality: 'text', ids: [8, 34] }, { ids: [35, 44] }] },
    });
  });

  it('tells a broken bundle', async () => {
    const broken = await fakeBundle();
    await writeFile(join(broken, 'decoder.onnx'), 'changed!');
    expect(await call(['info', broken])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^BUNDLE_HASH_MISMATCH {2}/),
    });
    await rm(broken, { recursive: true });
  });
});

describe('program', () => {
  it('help and version are results', async () => {
    expect(await call(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: any-to-any/),
      stderr: '',
    });
    expect(await call(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it('grows no bundle that is not there', async () => {
    expect(await call(['add-modality', 'growth', 'nowhere', '--out', 'grown'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^BUNDLE_NOT_FOUND .*nowhere/),
    });
  });

  it('no command or an unknown one is wrong use', async () => {
    expect(await call([])).toMatchObject({ code: 2, stdout: '' });
    expect(await call(['paint'])).toMatchObject({ code: 2, stdout: '' });
  });
});
