// Reads vitest's JSON report, names what failed and what did not run, and prints "N passed, N failed" last.
// Exits with 1 if anything failed or nothing ran.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [path] = process.argv.slice(2);
let passed = 0;
const failed = [];
const skipped = [];
try {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  for (const file of report.testResults) {
    const where = relative(process.cwd(), file.name);
    for (const { status, fullName } of file.assertionResults) {
      const name = `${where}: ${fullName.trim()}`;
      if (status === 'passed') passed++;
      else if (status === 'failed') failed.push(name);
      else skipped.push(name);
    }
    // A file that cannot be loaded, or whose set-up fails, has no failed test of its own.
    const silent = !file.assertionResults.some(({ status }) => status === 'failed');
    if (file.status === 'failed' && silent) failed.push(`${where}: ${file.message || 'the file failed'}`);
  }
  if (!report.success && failed.length === 0) failed.push('vitest: an error outside of every test');
} catch (error) {
  failed.push(`the report of the tests: ${error.message}`);
}
if (passed + failed.length === 0) failed.push('no test ran');

for (const name of skipped) console.log(`SKIPPED  ${name}`);
for (const name of failed) console.log(`FAILED   ${name}`);
if (skipped.length > 0) console.log(`${skipped.length} skipped, named above`);
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
