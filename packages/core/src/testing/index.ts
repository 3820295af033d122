export { type AdapterSubject, adapterSuite } from './adapter-suite.ts';
export { type Case, drain, expectCode, iterate } from './case.ts';
export { type EncoderSubject, encoderSuite } from './encoder-suite.ts';
export { type EngineSubject, engineSuite } from './engine-suite.ts';
export { fakeSoundEncoder, fakeSoundTokenizer } from './fake-sound.ts';
export { type FakeEngine, type FakeEngineOptions, fakeEngine, fakeTokenizer } from './fakes.ts';
export { smallSpace } from './small-space.ts';
export { type TokenizerSubject, tokenizerSuite } from './tokenizer-suite.ts';
