import type { PageOptions, VisitorCredential } from '../page-options.ts';
import { element } from './element.ts';
import type { KeyMemory } from './key-memory.ts';

/** The bar above GraphiQL: what is behind the page, and one key for all tabs. */
export interface KeyBar {
  readonly bar: HTMLElement;
  readonly key: string;
}

export function createKeyBar({ credential, note }: PageOptions, memory: KeyMemory): KeyBar {
  const about = element('span', { className: 'key-note' }, note);
  // The class brings GraphiQL's colours along, light and dark.
  const bar = element('header', { className: 'graphiql-container key-bar' }, about);
  if (!credential) return { bar, key: '' };
  const { field, keep } = createInputs(credential, memory);
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

function createInputs({ publicKey }: VisitorCredential, memory: KeyMemory) {
  const recalled = memory.recall();
  const field = element('input', { value: recalled ?? publicKey, autocomplete: 'off', spellcheck: false });
  const keep = element('input', { type: 'checkbox', checked: recalled !== undefined });
  const hideSecret = () => {
    field.type = field.value !== '' && field.value === publicKey ? 'text' : 'password';
  };
  const remember = () => memory.remember(keep.checked ? field.value.trim() : undefined);
  field.addEventListener('input', () => {
    hideSecret();
    remember();
  });
  keep.addEventListener('change', remember);
  hideSecret();
  return { field, keep };
}
