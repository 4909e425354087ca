import { type KeyboardEvent, useId, useState } from 'react';
import { chooseUser } from './chosen.ts';
import { useModal } from './dialog.tsx';
import { readOpened } from './opened.ts';
import { hrefOf, usePages } from './route.ts';

interface Choice {
  readonly label: string;
  readonly detail: string;
  readonly href: string;
  /** The licence key of a user. The page of users shows the user, as a key is in no address. */
  readonly key?: string;
}

/** Opens a page, an id or a licence key from the keyboard. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const dialog = useModal();
  const id = useId();
  const [opened] = useState(readOpened);
  const [text, setText] = useState('');
  const [position, setPosition] = useState(0);
  const given = text.trim();
  const pages = usePages();
  const known = knownChoices(given, opened, pages);
  const choices = [...known, ...typedChoices(given)];
  const chosen = Math.min(position, choices.length - 1);
  const open = (choice: Choice | undefined) => {
    if (!choice) return;
    if (choice.key !== undefined) chooseUser(choice.key);
    location.hash = choice.href;
    dialog.current?.close();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setPosition((chosen + step + choices.length) % Math.max(choices.length, 1));
    else if (event.key === 'Enter') open(choices[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} className="palette" aria-label="Go to" onClose={() => onClose()}>
      <label>
        Name, id or licence key
        <input
          // A licence key is a secret: it is not shown on the screen.
          type={known.length === 0 && /^\S{12,}$/.test(given) ? 'password' : 'text'}
          role="combobox"
          aria-expanded={choices.length > 0}
          aria-controls={id}
          aria-activedescendant={choices[chosen] && `${id}${chosen}`}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            setPosition(0);
          }}
          onKeyDown={onKey}
        />
      </label>
      {/* The field keeps the focus: the arrow keys choose. */}
      <div id={id} role="listbox" aria-label="Choices">
        {choices.map((choice, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field handles the keys.
          <div
            key={choice.label + choice.href}
            id={`${id}${index}`}
            role="option"
            aria-selected={index === chosen}
            tabIndex={-1}
            onClick={() => open(choice)}
          >
            <span>{choice.label}</span>
            <span className="quiet">{choice.detail}</span>
          </div>
        ))}
      </div>
    </dialog>
  );
}

function knownChoices(
  given: string,
  opened: ReturnType<typeof readOpened>,
  pages: ReturnType<typeof usePages>,
): Choice[] {
  const isMatch = (words: string) => words.toLowerCase().includes(given.toLowerCase());
  return [
    ...opened
      .filter(({ id, name }) => isMatch(name) || (given !== '' && id === given))
      .map(({ page, id, name }) => ({ label: name, detail: page, href: hrefOf(page, id) })),
    ...pages
      .filter(([, title]) => isMatch(title))
      .map(([page, title]) => ({
        label: title,
        detail: 'page',
        href: hrefOf(page),
      })),
  ];
}

/**
 * The meanings that a text can have. Ids and licence keys may look alike. A script's id has 32 letters and digits; else the key comes first,
 * as a key must not get into the address by mistake.
 */
function typedChoices(given: string): Choice[] {
  if (!/^\S{6,}$/.test(given)) return [];
  const detail = /^\d{17,20}$/.test(given) ? 'with this Discord id' : 'with this licence key';
  const user = { label: 'User', detail, href: hrefOf('users'), key: given };
  const script = { label: 'Script', detail: 'with this id', href: hrefOf('script', given) };
  const project = { label: 'Project', detail: 'with this id', href: hrefOf('project', given) };
  return /^[A-Za-z0-9]{32}$/.test(given) ? [script, user, project] : [user, project, script];
}
