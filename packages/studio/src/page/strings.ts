/**
 * What the page says, in every language it speaks. A test holds the languages to the same names and the same gaps.
 */

const english = {
  title: 'any-to-any Studio',
  greeting: 'What shall it be?',
  greetingMore: 'Words, a picture or a sound. Anything may become anything.',
  prompt: 'Describe a picture, or drop one here',
  promptLabel: 'Prompt',
  attach: 'Add a picture or a sound',
  record: 'Record with the microphone',
  recording: 'Stop recording',
  run: 'Make',
  stop: 'Stop',
  remove: 'Remove {name}',
  drop: 'Drop it here',
  make: 'Make',
  auto: 'Model decides',
  text: 'Text',
  image: 'Picture',
  audio: 'Sound',
  settings: 'Settings',
  seed: 'Seed',
  seedHint: 'random',
  newSeed: 'Roll a seed',
  guidance: 'Guidance',
  temperature: 'Temperature',
  topK: 'Top k',
  maxIds: 'Longest, ids',
  voice: 'Voice',
  refine: 'Refine',
  refined: 'on',
  plain: 'off',
  upscale: 'Enlarge',
  usual: 'default',
  language: 'Language',
  theme: 'Colours',
  'theme-auto': 'as the system',
  'theme-light': 'light',
  'theme-dark': 'dark',
  open: 'Connected',
  connecting: 'Connecting …',
  lost: 'Connection lost, trying again …',
  closed: 'Not connected',
  sigma: 'Show remaining noise',
  save: 'Save',
  use: 'Use in the next prompt',
  play: 'Play',
  pause: 'Stop playing',
  timeline: 'When each patch came',
  timelineText: 'Patches {patches} · arrivals {revisions}',
  timelineFinal: 'Patches {patches} · arrivals {revisions} · all final {last} ms',
  revision: 'patch {patch}, revision {revision}: {time} ms',
  draft: 'draft',
  exact: 'final',
  perSecond: '{rate} ids/s',
  afterFirst: 'first patch {time} ms',
  took: '{time} s',
  seedWas: 'seed {seed}',
  size: '{width} × {height}',
  seconds: '{seconds} s',
  stopped: 'Stopped',
  picture: 'picture',
  sound: 'sound',
  microphoneDenied: 'The microphone is not available: {why}',
  unreadable: '{name} cannot be read: {why}',
  notTaken: 'This model does not take {name}.',
  keys: 'Enter makes · Shift Enter breaks the line · Esc stops · / writes · S shows noise',
} as const;

export type Phrase = keyof typeof english;
export type Language = 'en' | 'ko';

const korean: Readonly<Record<Phrase, string>> = {
  title: 'any-to-any 스튜디오',
  greeting: '무엇을 만들까요?',
  greetingMore: '글이든 그림이든 소리든, 무엇이든 무엇이든 될 수 있어요.',
  prompt: '그림을 설명하거나, 여기에 그림을 끌어다 놓으세요',
  promptLabel: '프롬프트',
  attach: '그림이나 소리 추가',
  record: '마이크로 녹음',
  recording: '녹음 끝내기',
  run: '만들기',
  stop: '멈추기',
  remove: '{name} 빼기',
  drop: '여기에 놓으세요',
  make: '만들 것',
  auto: '모델에 맡기기',
  text: '글',
  image: '그림',
  audio: '소리',
  settings: '설정',
  seed: '시드',
  seedHint: '무작위',
  newSeed: '시드 새로 뽑기',
  guidance: '가이던스',
  temperature: '온도',
  topK: '상위 k',
  maxIds: '최대 길이(id)',
  voice: '목소리',
  refine: '다듬기',
  refined: '켜기',
  plain: '끄기',
  upscale: '확대',
  usual: '기본',
  language: '언어',
  theme: '화면 색',
  'theme-auto': '시스템 설정',
  'theme-light': '밝게',
  'theme-dark': '어둡게',
  open: '연결됨',
  connecting: '연결 중 …',
  lost: '연결이 끊겨 다시 잇는 중 …',
  closed: '연결 안 됨',
  sigma: '남은 노이즈 보기',
  save: '저장',
  use: '다음 프롬프트에 쓰기',
  play: '재생',
  pause: '재생 멈추기',
  timeline: '조각이 도착한 시각',
  timelineText: '조각 {patches}개 · 도착 {revisions}번',
  timelineFinal: '조각 {patches}개 · 도착 {revisions}번 · 모두 완성 {last} ms',
  revision: '조각 {patch}, 판 {revision}: {time} ms',
  draft: '초안',
  exact: '완성',
  perSecond: '초당 id {rate}개',
  afterFirst: '첫 조각 {time} ms',
  took: '{time}초',
  seedWas: '시드 {seed}',
  size: '{width} × {height}',
  seconds: '{seconds}초',
  stopped: '멈췄습니다',
  picture: '그림',
  sound: '소리',
  microphoneDenied: '마이크를 쓸 수 없습니다: {why}',
  unreadable: '{name}: 읽을 수 없습니다. {why}',
  notTaken: '이 모델은 {name} 입력을 받지 않습니다.',
  keys: 'Enter 만들기 · Shift Enter 줄 바꿈 · Esc 멈추기 · / 쓰기 · S 노이즈 보기',
};

export const phrases: Readonly<Record<Language, Readonly<Record<Phrase, string>>>> = {
  en: english,
  ko: korean,
};

/** Prompts to begin with. */
export const examples: Readonly<Record<Language, readonly string[]>> = {
  en: ['a red apple on a blue background', 'a cat', 'three stars'],
  ko: ['파란 배경의 빨간 사과', '고양이', '별 세 개'],
};

/** `fill('{a} of {b}', { a: 1, b: 2 })` → `1 of 2`. */
export function fill(phrase: string, values: Readonly<Record<string, string | number>>): string {
  return phrase.replace(/\{(\w+)\}/g, (gap, name: string) => String(values[name] ?? gap));
}

/** The first of the browser's languages that the page speaks: `['fr', 'ko-KR']` → `ko`. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const one of wanted) {
    const [base] = one.toLowerCase().split('-');
    if (base === 'ko' || base === 'en') return base;
  }
  return 'en';
}
