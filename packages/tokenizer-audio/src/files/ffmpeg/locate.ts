/**
 * Where ffmpeg is: what the caller names, FFMPEG_PATH, the PATH, or a package that ships it. Runs nothing.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import process from 'node:process';
import { AnyToAnyError } from '@any-to-any/core';

/** Packages that a user may have installed; each exports the path, or an object with it. Not dependencies of ours. */
const shipping = ['@ffmpeg-installer/ffmpeg', 'ffmpeg-static'];

const remedy =
  'Install ffmpeg (apt install ffmpeg, brew install ffmpeg, winget install ffmpeg), or the package ' +
  '@ffmpeg-installer/ffmpeg, or set FFMPEG_PATH. WAV needs none of these.';

/** The absolute path of a program that may be run. Throws FFMPEG_MISSING. */
export async function locateFfmpeg(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  const chosen = named ?? (env['FFMPEG_PATH'] || undefined);
  if (chosen !== undefined) {
    // Whoever names one wants that one, and not another that happens to be here.
    const program = resolve(chosen);
    if (await isProgram(program)) return program;
    const origin = named === undefined ? 'FFMPEG_PATH' : 'The option ffmpeg';
    throw missing(`${origin} says "${chosen}", where there is no program. ${remedy}`);
  }
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  // A relative entry would run what lies in whatever folder the user is in.
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter(isAbsolute);
  for (const program of [...folders.map((folder) => join(folder, name)), ...shipped()]) {
    if (await isProgram(program)) return program;
  }
  throw missing(`Expected ffmpeg, which reads and writes everything but WAV, and found none. ${remedy}`);
}

/** From the user's project, and from beside this package. */
function* shipped(): Generator<string> {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    const require = createRequire(from);
    for (const name of shipping) {
      try {
        const exported: unknown = require(name);
        const path =
          typeof exported === 'object' && exported !== null && 'path' in exported ? exported.path : exported;
        if (typeof path === 'string') yield path;
      } catch {
        // Not installed, or it has none for this platform.
      }
    }
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function missing(message: string): AnyToAnyError {
  return new AnyToAnyError('FFMPEG_MISSING', message);
}
