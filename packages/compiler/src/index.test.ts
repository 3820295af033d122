import { expect, test } from 'vitest';
import * as compiler from './index.ts';

test('the package exports exactly this', () => {
  expect(Object.keys(compiler).sort()).toEqual([
    'GraphBuilder',
    'addAndNorm',
    'addAndNormLast',
    'buildDecoder',
    'buildHead',
    'cachedAttention',
    'compile',
    'dequantize',
    'headNorm',
    'linear',
    'modelBytes',
    'openSafetensors',
    'openSharded',
    'openTensors',
    'quantizeMatrix',
    'rmsNorm',
    'rotaryTables',
    'saveModel',
    'swiglu',
    'weight',
    'writeSafetensors',
    'writeTable',
  ]);
});
