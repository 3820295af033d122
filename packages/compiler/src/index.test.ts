import { expect, test } from 'vitest';
import * as compiler from './index.ts';

test('the package exports exactly this', () => {
  expect(Object.keys(compiler).sort()).toEqual([
    'GraphBuilder',
    'addAndNorm',
    'addAndNormLast',
    'addModality',
    'addPatchStage',
    'affine',
    'buildDecoder',
    'buildHead',
    'buildPatchStage',
    'cachedAttention',
    'compile',
    'convolution',
    'dequantize',
    'gelu',
    'headNorm',
    'holdLock',
    'layerNorm',
    'linear',
    'modelBytes',
    'openLedger',
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
