/**
 * Studio's page: connects to the server it came from, shows what the model can do, and what it makes.
 */
import { type Ask, type ConnectionState, connect, type Generation } from '@any-to-any/client';
import { createAnswer, type Question } from './answer.ts';
import { createComposer } from './composer.ts';
import { element } from './dom.ts';
import { stayAtEnd } from './end.ts';
import { createGreeting } from './greeting.ts';
import { createHeader } from './header.ts';
import { listenToKeys } from './keys.ts';
import { say, translate } from './language.ts';
import { forget, remember, sessionName, unfinished } from './memory.ts';
import { announce, clearNotices, tell } from './notice.ts';
import { applyTheme } from './theme.ts';

/** Answers that stay on the page. */
const most = 30;

applyTheme();
const header = createHeader();
const feed = element('main', { class: 'feed', 'data-name': 'answers' });
const dock = element('footer', { class: 'dock' });
document.body.append(header.root, feed, dock);
const end = stayAtEnd(feed, dock);
header.setState('connecting');

const address = new URL('./socket', location.href);
address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
address.search = new URLSearchParams({
  token: new URLSearchParams(location.search).get('token') ?? '',
}).toString();
const client = connect({ url: address, session: await sessionName(), onState: showState });
translate(document.documentElement);

let running: Generation | undefined;
try {
  const welcome = await client.welcome;
  header.setModel(welcome.name);
  const composer = createComposer(welcome, { begin, stop });
  const greeting = createGreeting(welcome, composer.ask);
  feed.append(greeting);
  dock.append(composer.root, element('p', { class: 'keys quiet', 'data-text': 'keys' }));
  translate(document.documentElement);
  listenToKeys(composer, { stop, running: () => running !== undefined });
  composer.prompt.focus();
  document.body.dataset['ready'] = 'true';
  const before = unfinished();
  if (before) {
    const question = { text: before.text, seed: before.seed, attachments: [] };
    void follow(client.resume(before.request), question, true);
  }

  function begin(ask: Ask, question: Question): void {
    const generation = client.generate(ask);
    remember({ request: generation.request, text: question.text, seed: question.seed });
    void follow(generation, question, false);
  }

  function stop(): void {
    running?.cancel();
  }

  /** Shows one answer from its beginning to its end. */
  async function follow(generation: Generation, question: Question, resumed: boolean): Promise<void> {
    running = generation;
    composer.setRunning(true);
    clearNotices();
    announce(say('making'));
    const answer = createAnswer(question, { use: composer.addPicture, edit: composer.edit });
    if (resumed) answer.root.dataset['resumed'] = 'true';
    greeting.remove();
    feed.append(answer.root);
    while (feed.children.length > most) feed.firstElementChild?.remove();
    end.go();
    const well = await answer.show(generation);
    running = undefined;
    forget();
    composer.setRunning(false);
    if (!well && composer.prompt.value === '') composer.edit(question.text);
  }
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
}

function showState(state: ConnectionState): void {
  header.setState(state);
  if (state === 'lost' || state === 'closed') announce(say(state));
}
