import { useEffect, useRef, useState } from 'react';
import { useAction } from './action.ts';
import type { VisitorFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { Notice } from './notice.tsx';

const MESSAGE = graphql(/* GraphQL */ `
  mutation Message($input: MessageSessionInput!) {
    result: messageSession(input: $input) {
      __typename
      ... on MessageDelivered {
        response
      }
      ... on MessageNotDelivered {
        reason
        detail
      }
      ...RefusalParts
    }
  }
`);

const REASONS: Readonly<Record<string, string>> = {
  FUNCTION_ERRORED: 'The function failed on the client',
  INVALID_RETURN: 'The function returned something that cannot be sent',
  NO_RESPONSE: 'The client did not respond within a minute; whether the function ran is unknown',
  NO_SUCH_FUNCTION: 'The script has registered no function of this name',
};

interface MessageProps {
  readonly session: VisitorFragment;
  readonly onClose: () => void;
}

/** Calls a function that the script has registered, on the client of one session. */
export function Message({ session, onClose }: MessageProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { run, isBusy, outcome, say } = useAction(MESSAGE);
  const [response, setResponse] = useState<unknown>();
  useEffect(() => dialog.current?.showModal(), []);
  const send = async (form: FormData) => {
    setResponse(undefined);
    const text = String(form.get('data')).trim();
    const data = parse(text);
    if (data === undefined && text !== '') {
      say({ isGood: false, text: 'The data is no JSON. Write text in quotes, such as "hello".' });
      return;
    }
    const input = { id: session.id, handler: String(form.get('handler')).trim(), data };
    const result = await run({ input }, 'Delivered.');
    if (result?.__typename === 'MessageDelivered') setResponse(result.response);
    if (result?.__typename === 'MessageNotDelivered') {
      const reason = REASONS[result.reason] ?? 'The client did not take it';
      say({ isGood: false, text: `${reason}: ${result.detail}.` });
    }
  };
  return (
    <dialog ref={dialog} onClose={onClose} aria-label={`Message to ${session.robloxId}`}>
      {/* React would empty the fields of an action. */}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(new FormData(event.currentTarget));
        }}
      >
        <h2>Message to {session.robloxId}</h2>
        <label>
          Function
          <input name="handler" required autoComplete="off" spellCheck={false} placeholder="whereami" />
        </label>
        <label>
          Data, as JSON
          <textarea name="data" rows={3} spellCheck={false} placeholder='{ "text": "hello" }' />
        </label>
        <Notice outcome={outcome} />
        {response !== undefined && <pre>{JSON.stringify(response, undefined, 2)}</pre>}
        <div className="line end">
          <button type="button" className="plain" onClick={() => dialog.current?.close()}>
            Close
          </button>
          <button type="submit" disabled={isBusy}>
            {isBusy ? 'Waiting for the client …' : 'Send'}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
