import { type FocusEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';

export interface MenuItem {
  readonly label: string;
  readonly isDanger?: boolean;
  readonly isDisabled?: boolean;
  /** Why the visitor may not choose it. The menu shows the reason below the label. */
  readonly reason?: string | undefined;
  readonly onChoose: () => void;
}

/** A button with a menu: the arrow keys move, Escape closes. */
export function Menu({ label, items }: { readonly label: string; readonly items: readonly MenuItem[] }) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  const entries = () => [
    ...(menu.current?.querySelectorAll<HTMLButtonElement>('button:not(:disabled)') ?? []),
  ];
  useEffect(() => {
    if (isOpen) menu.current?.querySelector<HTMLButtonElement>('button:not(:disabled)')?.focus();
  }, [isOpen]);
  const close = () => {
    setIsOpen(false);
    button.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (!isOpen) return;
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) all[(next + all.length) % all.length]?.focus();
    else if (event.key === 'Escape') close();
    else return;
    event.preventDefault();
  };
  const onBlur = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) setIsOpen(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside handle the keys.
    <div className="menu" onKeyDown={onKey} onBlur={onBlur}>
      <button
        ref={button}
        type="button"
        className="plain"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setIsOpen(!isOpen)}
      >
        <svg className="dots" viewBox="0 0 24 24" aria-hidden="true">
          <circle cx="5" cy="12" r="2" />
          <circle cx="12" cy="12" r="2" />
          <circle cx="19" cy="12" r="2" />
        </svg>
      </button>
      {isOpen && (
        <div ref={menu} id={id} role="menu" aria-label={label}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={item.isDanger ? 'danger' : 'plain'}
              disabled={item.isDisabled}
              aria-disabled={item.reason !== undefined || undefined}
              onClick={() => {
                if (item.reason !== undefined) return;
                close();
                item.onChoose();
              }}
            >
              {item.label}
              {item.reason !== undefined && <small>{item.reason}</small>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
