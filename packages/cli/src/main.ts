#!/usr/bin/env node
/** The file behind `any-to-any`. */
import { plugins } from './plugins.ts';
import { startProcess } from './start.ts';

await startProcess(plugins());
