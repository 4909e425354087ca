import { useState } from 'react';
import { useAction } from './action.ts';
import { Dialog } from './dialog.tsx';
import type { VisitorFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';

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
  readonly scriptName: string;
  readonly onClose: () => void;
}

/** Calls a function that the script has registered, on the client of one session. */
export function Message({ session, scriptName, onClose }: MessageProps) {
  const { run, isBusy, outcome, say } = useAction(MESSAGE);
  const [response, setResponse] = useState<unknown>();
  const send = async (form: FormData) => {
    setResponse(undefined);
    const text = String(form.get('data')).trim();
    const data = parse(text);
    if (data === undefined && text !== '') {
      say({ isGood: false, text: 'The data is no JSON. Write text in quotes, such as "hello".' });
      return;
    }
    const input = { id: session.id, handler: String(form.get('handler')).trim(), data };
    const done = await run({ input }, () => `Delivered to ${session.robloxId}.`);
    if (done?.result.__typename === 'MessageDelivered') setResponse(done.result.response);
    if (done?.result.__typename === 'MessageNotDelivered') {
      const reason = REASONS[done.result.reason] ?? 'The client did not take it';
      say({ isGood: false, text: `${reason}: ${done.result.detail}.` });
    }
  };
  return (
    <Dialog
      title={`Message to ${session.robloxId}`}
      facts={[
        ['Roblox id', session.robloxId],
        ['Script', scriptName],
      ]}
      submit="Send"
      busySubmit="Waiting for the client …"
      close="Close"
      isBusy={isBusy}
      outcome={outcome}
      onSubmit={send}
      onClose={onClose}
    >
      <label>
        Function
        <input name="handler" required autoComplete="off" spellCheck={false} placeholder="whereami" />
      </label>
      <label>
        Data, as JSON
        <textarea name="data" rows={3} spellCheck={false} placeholder='{ "text": "hello" }' />
      </label>
      {response !== undefined && <pre>{JSON.stringify(response, undefined, 2)}</pre>}
    </Dialog>
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
