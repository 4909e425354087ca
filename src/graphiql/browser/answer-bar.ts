import { type AnswerFacts, describeFacts } from './answer-facts.ts';
import { copyText } from './copy-text.ts';
import { element } from './element.ts';
import { whenShown } from './when-shown.ts';

const COPY = 'Copy as cURL';
const SAID_MS = 2_000;

/** The line under the answer. */
export interface AnswerBar {
  /** An operation leaves, which this command would send again. */
  began(command: string): void;
  ended(facts: AnswerFacts): void;
}

export function addAnswerBar(root: Element): AnswerBar {
  let command = '';
  const facts = element('output', { className: 'answer-facts' });
  const copy = element('button', { type: 'button', className: 'copy-curl', disabled: true }, COPY);
  copy.addEventListener('click', async () => {
    copy.textContent = (await copyText(command)) ? 'Copied' : 'Not copied';
    setTimeout(() => {
      copy.textContent = COPY;
    }, SAID_MS);
  });
  const bar = element('div', { className: 'answer-bar' }, facts, copy);
  whenShown(root, '.graphiql-response', (response) => response.append(bar));
  return {
    began(itsCommand) {
      command = itsCommand;
      copy.disabled = false;
      facts.replaceChildren();
    },
    ended(answerFacts) {
      const shown = describeFacts(answerFacts);
      facts.replaceChildren(
        ...shown.map(({ name, text }) =>
          element('span', { title: name, className: classOf(name, answerFacts) }, text),
        ),
      );
    },
  };
}

const classOf = (name: string, { status }: AnswerFacts) =>
  name === 'Status' && (status === undefined || status >= 400) ? 'answer-failed' : '';
