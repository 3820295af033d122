/**
 * For tests: a compile as a process that kills itself as soon as it has begun the second file that is new, so that one
 * more is complete than before. Arguments: checkpoint, target, options as JSON, and `whole` to let it live; it then writes
 * how many bytes it did not have to make. `endless` in place of a checkpoint only holds the lock of the target.
 */
import { compile } from '../compile.ts';
import type { CompileOptions } from '../options.ts';
import { holdLock } from './lock.ts';

const [checkpoint = '', target = '', options = '{}', whole] = process.argv.slice(2);
if (checkpoint === 'endless') {
  await holdLock(target, 'this');
  process.stdout.write('held\n');
  setInterval(() => {}, 1000);
} else {
  const begun = new Set<string>();
  let kept = 0;
  await compile(checkpoint, target, {
    ...(JSON.parse(options) as CompileOptions), // a test's own
    onProgress(step) {
      if (step.kept > kept) kept = step.kept;
      else begun.add(step.file);
      if (begun.size > 1 && whole === undefined) process.kill(process.pid, 'SIGKILL');
    },
  });
  process.stdout.write(String(kept));
}
