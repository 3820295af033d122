/**
 * Studio's page: connects to the server it came from, shows what the model can do, and what it makes.
 */
import { type Ask, type ConnectionState, connect, type Generation } from '@any-to-any/client';
import { createAnswer, type Question } from './answer.ts';
import { type Composer, createComposer } from './composer.ts';
import { element } from './dom.ts';
import { createHeader } from './header.ts';
import { language, say, translate } from './language.ts';
import { forget, remember, sessionName, unfinished } from './memory.ts';
import { tell } from './notice.ts';
import { examples } from './strings.ts';
import { applyTheme } from './theme.ts';

/** Answers that stay on the page. */
const most = 30;

applyTheme();
const header = createHeader();
const feed = element('main', { class: 'feed' });
const greeting = createGreeting();
const dock = element('div', { class: 'dock' });
document.body.append(header.root, feed, dock);
feed.append(greeting);
header.setState('connecting');

const address = new URL('./socket', location.href);
address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
address.search = new URLSearchParams({
  token: new URLSearchParams(location.search).get('token') ?? '',
}).toString();
const client = connect({ url: address, session: sessionName(), onState: showState });
translate(document.documentElement);

let running: Generation | undefined;
try {
  const welcome = await client.welcome;
  header.setModel(welcome.name);
  const composer = createComposer(welcome, { begin, stop: () => running?.cancel() });
  dock.append(composer.root, element('p', { class: 'keys quiet', 'data-text': 'keys' }));
  translate(document.documentElement);
  listenToKeys(composer);
  composer.prompt.focus();
  document.body.dataset['ready'] = 'true';
  const before = unfinished();
  if (before) {
    const question = { text: before.text, seed: before.seed, attachments: [] };
    void follow(client.resume(before.request), question, composer, true);
  }

  function begin(ask: Ask, question: Question): void {
    const generation = client.generate(ask);
    remember({ request: generation.request, text: question.text, seed: question.seed });
    void follow(generation, question, composer, false);
  }
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
}

function showState(state: ConnectionState): void {
  header.setState(state);
  if (state === 'closed') tell(say('closed'));
}

/** Shows one answer from its beginning to its end. */
async function follow(
  generation: Generation,
  question: Question,
  composer: Composer,
  resumed: boolean,
): Promise<void> {
  running = generation;
  composer.setRunning(true);
  const answer = createAnswer(question, { use: composer.addPicture });
  if (resumed) answer.root.dataset['resumed'] = 'true';
  greeting.remove();
  feed.append(answer.root);
  while (feed.children.length > most) feed.firstElementChild?.remove();
  const toEnd = (): void => scrollTo(0, document.documentElement.scrollHeight);
  toEnd();
  const watcher = new ResizeObserver(toEnd);
  watcher.observe(answer.root);
  await answer.show(generation);
  watcher.disconnect();
  running = undefined;
  forget();
  composer.setRunning(false);
}

function listenToKeys({ prompt }: Composer): void {
  addEventListener('keydown', (event) => {
    const writing =
      event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === 'Escape') {
      if (running) running.cancel();
      else prompt.focus();
    }
    if (writing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '/') {
      event.preventDefault();
      prompt.focus();
    }
    if (event.key === 's') {
      const buttons = document.querySelectorAll<HTMLElement>('[data-noise]');
      buttons[buttons.length - 1]?.click();
    }
  });
}

/** What stands there before the first answer: a question, and prompts to try. */
function createGreeting(): HTMLElement {
  const tries = element('div', { class: 'tries' });
  const fill = (): void => {
    tries.replaceChildren(
      ...examples[language()].map((text) =>
        element('button', { type: 'button', class: 'chip', onclick: () => tryPrompt(text) }, text),
      ),
    );
  };
  fill();
  document.addEventListener('studio-language', fill);
  return element(
    'section',
    { class: 'greeting' },
    element('h2', { 'data-text': 'greeting' }),
    element('p', { class: 'quiet', 'data-text': 'greetingMore' }),
    tries,
  );
}

function tryPrompt(text: string): void {
  const prompt = document.querySelector('textarea');
  if (!prompt) return;
  prompt.value = text;
  prompt.form?.requestSubmit();
}
