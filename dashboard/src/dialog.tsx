import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Notice, type Outcome } from './notice.tsx';

/** A name and its value. Tells the visitor which object an action changes. */
export type Fact = readonly [name: string, value: ReactNode];

interface DialogProps {
  readonly title: string;
  /** The object of the action, so that the visitor sees it before the action happens. */
  readonly facts?: readonly Fact[];
  readonly submit: string;
  readonly busySubmit?: string;
  readonly close?: string;
  readonly isDanger?: boolean;
  readonly isBusy: boolean;
  /** Shown in the dialog: a failure leaves the dialog open, so that the visitor can correct the fields. */
  readonly outcome: Outcome | undefined;
  readonly onSubmit: (form: FormData) => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** For a dialog that is modal from its first appearance. Returns the focus to where it was. */
export function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    // The browser does so only for a dialog that is closed before it is removed.
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return dialog;
}

/** A form in a modal dialog. Escape and the first button close it. */
export function Dialog(props: DialogProps) {
  const { title, facts = [], isBusy, isDanger, onSubmit, onClose } = props;
  const dialog = useModal();
  const titleId = useId();
  return (
    <dialog ref={dialog} onClose={() => onClose()} aria-labelledby={titleId}>
      <form
        // The browser would check the fields before `submit`, when a date may not have passed yet.
        noValidate
        // React empties the fields of an action.
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          for (const input of form.querySelectorAll<HTMLInputElement>('[type=datetime-local]'))
            checkEnd(input);
          if (!isBusy && form.reportValidity()) onSubmit(new FormData(form));
        }}
      >
        <h2 id={titleId}>{title}</h2>
        {facts.length > 0 && <Facts facts={facts} />}
        {props.children}
        <Notice outcome={props.outcome} />
        <div className="line end">
          <button type="button" className="plain" onClick={() => dialog.current?.close()}>
            {props.close ?? 'Cancel'}
          </button>
          <button type="submit" className={isDanger ? 'danger' : undefined} aria-disabled={isBusy}>
            {isBusy ? (props.busySubmit ?? 'Waiting for LuaAuth …') : props.submit}
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const PAST = 'This time has passed. Choose a time in the future.';

const checkEnd = (input: HTMLInputElement): void =>
  input.setCustomValidity(Date.parse(input.value) <= Date.now() ? PAST : '');

interface EndInputProps {
  readonly label: string;
  readonly name: string;
  readonly isRequired?: boolean;
}

/** A date and time in the visitor's time zone. A time in the past is invalid. */
export function EndInput({ label, name, isRequired }: EndInputProps) {
  return (
    <label>
      {label}
      <input
        name={name}
        type="datetime-local"
        required={isRequired}
        onInput={({ currentTarget }) => checkEnd(currentTarget)}
      />
    </label>
  );
}
