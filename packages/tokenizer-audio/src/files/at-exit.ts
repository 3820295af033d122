/**
 * What must not outlive the process: half-written files, running children. Covers uncaught errors and process.exit;
 * nothing covers SIGKILL. The list belongs to the process, as its `exit` event does: a listener of each would make
 * Node warn of a leak from the eleventh on.
 */
import process from 'node:process';

const works = new Set<() => void>();

function runAll(): void {
  for (const work of works) work();
}

/** Runs `work`, which cannot wait for anything, when the process exits. Gives what takes it back. */
export function atExit(work: () => void): () => void {
  if (works.size === 0) process.on('exit', runAll);
  works.add(work);
  return () => {
    works.delete(work);
    if (works.size === 0) process.off('exit', runAll);
  };
}
