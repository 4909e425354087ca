import type { PageOptions } from '../../../http/graphiql-options.ts';
import { element, whenShown } from './dom.ts';
import type { UpstreamMode } from './request.ts';
import type { TextStorage } from './storage.ts';

const RUN = '.graphiql-execute-button';
const TITLE = 'The highest price in REST calls. Nothing runs.';

/** Puts a Plan button below Run. Returns a function that tells which button started the current operation. */
export function addPlanButton(root: Element): () => UpstreamMode {
  let next: UpstreamMode = 'report';
  const button = element('button', { type: 'button', className: 'plan-button', title: TITLE }, 'Plan');
  button.addEventListener('click', () => {
    const run = root.querySelector<HTMLElement>(RUN);
    if (!run || run.ariaLabel?.startsWith('Stop')) return;
    next = 'plan';
    press(run);
  });
  const forget = () => {
    next = 'report';
  };
  // A visitor who leaves the menu and presses Run wants to run.
  const forgetAtRun = ({ target, isTrusted }: Event) => {
    if (isTrusted && target instanceof Element && target.closest(RUN)) forget();
  };
  root.addEventListener('pointerdown', forgetAtRun, true);
  root.addEventListener('keydown', forget, true);
  whenShown(root, '.graphiql-toolbar', (toolbar) =>
    toolbar.insertBefore(button, toolbar.children[1] ?? null),
  );
  return () => {
    const mode = next;
    forget();
    return mode;
  };
}

/** GraphiQL does not expose its run function, so this presses its button. For several operations the button opens a menu. */
function press(run: HTMLElement): void {
  if (run.ariaHasPopup !== 'menu') run.click();
  else run.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
}

/** The name under which a window stores the key, if wanted. */
const KEPT = 'luaauth-graphql:key';

export function createKeyBar({ credential, note }: PageOptions, memory: TextStorage) {
  const about = element('span', { className: 'key-note' }, note);
  // This class applies GraphiQL's colours, light and dark.
  const bar = element('header', { className: 'graphiql-container key-bar' }, about);
  if (!credential) return { bar, key: '' };
  const { publicKey } = credential;
  const recalled = memory.getItem(KEPT);
  const field = element('input', { value: recalled ?? publicKey, autocomplete: 'off', spellcheck: false });
  const keep = element('input', { type: 'checkbox', checked: recalled !== null });
  const hideSecret = () => {
    field.type = field.value !== '' && field.value === publicKey ? 'text' : 'password';
  };
  const remember = () => {
    if (keep.checked) memory.setItem(KEPT, field.value.trim());
    else memory.removeItem(KEPT);
  };
  field.addEventListener('input', () => {
    hideSecret();
    remember();
  });
  keep.addEventListener('change', remember);
  hideSecret();
  bar.prepend(
    element('label', { className: 'key-field' }, `${credential.label} `, field),
    element('label', { className: 'key-keep' }, keep, ' Keep until this window closes'),
  );
  return {
    bar,
    get key() {
      return field.value.trim();
    },
  };
}
