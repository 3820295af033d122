/**
 * What stands behind `npm start`, `npm test`, `npm run studio`, `npm run bench`, `npm run matrix` and
 * `npm run any-to-any`: needs only Node and npm.
 * Installs what is missing, builds what has changed, then becomes the program. Its own words go to stderr.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { checkNode, installIfNeeded, root } from './install.mjs';

/** Name → the file to run, arguments before the user's, and where relative paths begin. */
const programs = {
  start: { file: 'examples/dist/start.js', first: [], cwd: root },
  test: { file: 'node_modules/vitest/vitest.mjs', first: ['run'], cwd: root },
  studio: {
    file: 'packages/cli/dist/main.js',
    first: ['studio'],
    cwd: process.env.INIT_CWD ?? root,
    page: true,
  },
  // Packages such as the default model are found from where a program runs.
  bench: { file: 'bench/dist/index.js', first: [], cwd: join(root, 'bench') },
  matrix: { file: 'bench/dist/matrix/index.js', first: [], cwd: process.env.INIT_CWD ?? root },
  // npm runs scripts in the root of the package; paths the user types are relative to where they were typed.
  'any-to-any': { file: 'packages/cli/dist/main.js', first: [], cwd: process.env.INIT_CWD ?? process.cwd() },
};

function build() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) stop('The build failed; what is wrong stands above.');
}

/** The page of Studio, by Vite: a second or two. */
function buildPage() {
  const studio = join(root, 'packages', 'studio');
  const vite = join(studio, 'node_modules', 'vite', 'bin', 'vite.js');
  const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: studio,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) stop('The build of the page failed; what is wrong stands above.');
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

const [name, ...args] = process.argv.slice(2);
const program = Object.hasOwn(programs, name ?? '') ? programs[name] : undefined;
if (!program) stop(`Usage: node scripts/run.mjs ${Object.keys(programs).join('|')} [arguments]`);

try {
  checkNode();
  installIfNeeded();
} catch (error) {
  stop(error.message);
}
build();
if (program.page) buildPage();

// In the same process, so that signals, exit codes and the terminal are the program's own.
const file = join(root, program.file);
process.chdir(program.cwd);
process.argv = [process.execPath, file, ...program.first, ...args];
await import(pathToFileURL(file).href);
