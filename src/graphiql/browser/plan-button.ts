import { element } from './element.ts';
import type { UpstreamMode } from './request.ts';
import { whenShown } from './when-shown.ts';

const RUN = '.graphiql-execute-button';
const TITLE = 'What it may cost, in REST calls. Nothing runs.';

/** Puts a Plan button below Run. Returns what the operation that leaves now was started with. */
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
  // A visitor who leaves that choice and presses Run means Run.
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

/** GraphiQL keeps what it runs to itself, so its own button is pressed. Of several operations it offers a menu. */
function press(run: HTMLElement): void {
  if (run.ariaHasPopup !== 'menu') run.click();
  else run.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
}
