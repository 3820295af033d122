/**
 * Brings the dependencies of the workspace, once: with the pnpm version of package.json, through npx.
 * A stamp in node_modules remembers what was installed, so that the next run takes no time.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const stamp = join(root, 'node_modules', '.any-to-any-install');

/** Throws if this Node is older than package.json asks for. */
export function checkNode(version = process.versions.node) {
  const least = manifest.engines.node.replace('>=', '');
  const [major, minor] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = least.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new Error(
    `Expected Node ${least} or newer, this is ${version}. Get one from https://nodejs.org and run again.`,
  );
}

/** Throws if the installation fails. */
export function installIfNeeded() {
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const [pnpm] = manifest.packageManager.split('+');
  console.error(`Installing the dependencies with ${pnpm} (once) …`);
  const install = ['install', '--frozen-lockfile', '--prod=false', '--config.confirm-modules-purge=false'];
  const { status, error } = spawnSync('npx', ['--yes', pnpm, ...install], {
    cwd: root,
    // What an installation says is no result: all of it goes to stderr.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    throw new Error(
      `The installation failed${error ? ` (${error.message})` : ''}. It needs npm and a package registry. Then run again.`,
    );
  }
  writeFileSync(stamp, wanted);
}

/** Changes when anything changes that decides what is in node_modules. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}
