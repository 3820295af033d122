/** The built command as a process. `tsc -b` comes before, as in `npm test`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '@any-to-any/compiler';
import { readImage } from '@any-to-any/tokenizer-image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeBundle } from './fakes.test.kit.ts';

const dist = (file: string): string => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
const fixture = fileURLToPath(new URL('../../compiler/fixtures/all-on', import.meta.url));

let folder: string;
let fakes: string;
let checkpoint: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'any-to-any-main-'));
  checkpoint = await wholeCheckpoint(join(folder, 'all-on'));
  fakes = await fakeBundle();
});
afterAll(() => Promise.all([folder, fakes].map((path) => rm(path, { recursive: true }))));

/** The fixture knows 16 bytes of text; a model that opens knows all 256. */
async function wholeCheckpoint(path: string): Promise<string> {
  await cp(fixture, path, { recursive: true });
  const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
  const [text, image] = config.modalities;
  Object.assign(text, { size: 256 });
  Object.assign(image, { offset: text.offset + 256 });
  await writeFile(join(path, 'config.json'), JSON.stringify(config));
  const ranks = Array.from({ length: 256 }, (_, byte) => `${Buffer.of(byte).toString('base64')} ${byte}\n`);
  await writeFile(join(path, 'text.tiktoken'), ranks.join(''));
  const reader = await openSafetensors(join(fixture, 'decoder.safetensors'));
  const rows: Record<string, number> = { 'ports.text.embedding': 256, 'ports.text.head.weight': 257 };
  const tensors: TensorToWrite[] = [];
  for (const { name, shape } of reader.tensors.values()) {
    const grown = [rows[name] ?? shape[0]!, ...shape.slice(1)];
    const data = new Float32Array(grown.reduce((product, side) => product * side, 1));
    data.set(await reader.read(name));
    tensors.push({ name, dtype: 'F32', shape: grown, data });
  }
  await reader.close();
  await writeSafetensors(join(path, 'decoder.safetensors'), tensors);
  return path;
}

function start(file: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [dist(file), ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  const result = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (result.stdout += chunk));
  child.stderr.on('data', (chunk) => (result.stderr += chunk));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, ...result })),
  );
  return { child, ended };
}
const command = (...args: string[]) => start('main.js', args).ended;
const slow = (delay: number, ...args: string[]) =>
  start('main.test.kit.js', ['generate', '--model', fakes, '--events', ...args], { DELAY: String(delay) });
const firstByte = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.stdout?.once('data', resolve));
const pause = (milliseconds: number): Promise<unknown> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

// Starting Node takes seconds where many tests share few cores.
describe('any-to-any', { timeout: 180_000 }, () => {
  it('compiles a checkpoint, tells what it is and makes a picture with it', async () => {
    const compiled = await command('compile', checkpoint, 'bundle', '--quantize', 'int8');
    expect(compiled).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('wrote bundle: all-on'),
    });
    const info = await command('info', 'bundle', '--json');
    expect(info).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(info.stdout)).toMatchObject({ name: 'all-on', makes: ['text', 'image'] });
    const args = ['generate', '--model', 'bundle', '--to', 'image', '--seed', '1'];
    const made = await command(...args);
    expect(made).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('wrote out.png\n') });
    expect(await readImage(join(folder, 'out.png'))).toMatchObject({ width: 64, height: 64 });
  });

  it('describes a bundle with a file, and tells what is wrong with one', async () => {
    await writeFile(join(folder, 'about.json'), JSON.stringify({ name: 'tiny', license: 'MIT' }));
    await command('compile', checkpoint, 'tiny', '--describe', 'about.json', '--quiet');
    const { stdout } = await command('info', 'tiny', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ name: 'tiny', license: 'MIT' });
    await writeFile(join(folder, 'about.json'), JSON.stringify({ nmae: 'tiny' }));
    const wrong = await command('compile', checkpoint, 'other', '--describe', 'about.json');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/^OPTION_UNKNOWN {2}/) });
    expect(await readdir(folder)).not.toContain('other');
  });

  it('compiles a sound codec, of as many codebooks as asked for', async () => {
    const codec = fileURLToPath(new URL('../../compiler/fixtures/encodec/causal', import.meta.url));
    expect(await command('compile', codec, 'codec', '--codebooks', '5', '--quiet')).toMatchObject({
      code: 0,
    });
    const manifest = JSON.parse(await readFile(join(folder, 'codec', 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ kind: 'tokenizer', tokenizer: { options: { codebooks: 5 } } });
    expect(await command('compile', codec, 'codec', '--codebooks', '0')).toMatchObject({ code: 2 });
    const info = await command('info', 'codec');
    expect(info).toMatchObject({ code: 1, stderr: expect.stringMatching(/^BUNDLE_INVALID .*openTokenizer/) });
  });

  it('exit codes: 2 for wrong use, 1 for a failure, without a stack unless asked for', async () => {
    expect(await command('generate', '--unknown')).toMatchObject({ code: 2, stdout: '' });
    expect(await command('compile', checkpoint)).toMatchObject({ code: 2 });
    expect(await command('compile', checkpoint, 'x', '--block', '7')).toMatchObject({ code: 2 });
    const args = ['generate', '--image', 'none.png', '--to', 'text'];
    const failed = await command(...args);
    expect(failed).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^CONTENT_INVALID {2}.*\n$/),
    });
    const { stderr } = await start('main.js', args, { ANY_TO_ANY_DEBUG: '1' }).ended;
    expect(stderr).toMatch(/\n {4}at /);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s stops a generation within a step: exit code %i, no file', async (signal, expected) => {
    const { child, ended } = slow(30, 'hello', '--to', Array(100).fill('image').join(), '--out', 'half.png');
    await firstByte(child);
    child.kill(signal);
    const { code, stderr } = await ended;
    expect(code).toBe(expected);
    expect(stderr).toBe(`listening\nABORTED  Stopped by ${signal}.\n`);
    expect(
      (await readdir(folder)).filter((name) => name.startsWith('half') || name.includes('partial')),
    ).toEqual([]);
  });

  it('a Ctrl-C that npm passes on twice counts once; a second one ends at once', async () => {
    const { child, ended } = slow(60_000, 'hello', '--to', 'image');
    await firstByte(child);
    child.kill('SIGINT');
    // Two signals at the same moment would be one: the system does not count them.
    await pause(50);
    child.kill('SIGINT');
    await pause(600);
    expect(child.exitCode).toBe(null);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stderr: 'listening\n' });
  });

  it('Ctrl-C while it waits for stdin', async () => {
    const { child, ended } = slow(0, '-', '--to', 'text');
    await new Promise((resolve) => child.stderr.once('data', resolve));
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: '' });
  });

  it('is quiet when its reader leaves', async () => {
    const { child, ended } = slow(5, 'hello', '--to', Array(100).fill('text').join());
    await firstByte(child);
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 141, stderr: 'listening\n' });
  });
});
