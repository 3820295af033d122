/**
 * For tests: compiles as a process and tells how far its resident memory grew, in bytes. Arguments: checkpoint, target,
 * options as JSON.
 */
import { compile } from './compile.ts';
import type { CompileOptions } from './options.ts';

const [checkpoint = '', target = '', options = '{}'] = process.argv.slice(2);
const before = process.memoryUsage.rss();
await compile(checkpoint, target, JSON.parse(options) as CompileOptions); // a test's own
process.stdout.write(String(process.resourceUsage().maxRSS * 1024 - before));
