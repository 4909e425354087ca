import { useState } from 'react';
import { type TypedDocumentNode, useMutation } from 'urql';
import { graphql } from './gql/index.ts';
import type { Outcome } from './notice.tsx';
import { type Refusal, sayErrors, sayRefusal } from './words.ts';

/** The fields that every mutation asks of a refusal; codegen finds fragments, so no file imports it. */
export const REFUSAL = graphql(/* GraphQL */ `
  fragment RefusalParts on Refusal {
    message
    ... on InvalidFields {
      fields {
        path
        messages
      }
    }
    ... on NotPermitted {
      reasons
    }
  }
`);

/**
 * A mutation whose only field is `result`. `run` gives the result, with words on it, if the mutation succeeded; else undefined. `outcome`
 * says either in words. `say` gets the result: its words report what LuaAuth answered, not what was asked for.
 */
export function useAction<Result extends Refusal, Variables extends object>(
  document: TypedDocumentNode<{ readonly result: Result }, Variables>,
) {
  const [{ fetching: isBusy }, mutate] = useMutation(document);
  const [outcome, setOutcome] = useState<Outcome>();
  const run = async (
    variables: Variables,
    say: (result: Result) => string,
  ): Promise<{ readonly result: Result; readonly text: string } | undefined> => {
    setOutcome(undefined);
    const { data, error } = await mutate(variables);
    const refusal = data && sayRefusal(data.result);
    const failure = error && !data ? sayErrors(error).join(' ') : refusal;
    if (failure !== undefined || !data) {
      setOutcome({ isGood: false, text: failure ?? 'The gateway gave no answer.' });
      return undefined;
    }
    const text = say(data.result);
    setOutcome({ isGood: true, text });
    return { result: data.result, text };
  };
  return { run, isBusy, outcome, say: setOutcome };
}

/** The fields of `after` that differ from `before`. LuaAuth leaves absent fields as they are. */
export function changesOf<Fields extends object>(before: Fields, after: Fields): Partial<Fields> {
  const names = Object.keys(after) as (keyof Fields)[];
  const changed = names.filter((name) => after[name] !== before[name]);
  return Object.fromEntries(changed.map((name) => [name, after[name]])) as Partial<Fields>;
}

/** The text of a field without the spaces around it; `before` if the visitor has left the field alone. */
export function typed(form: FormData, name: string, before: string | null = ''): string | null {
  const text = String(form.get(name) ?? '');
  return text === before ? before : text.trim();
}

/** For a success whose object could not be read again after the write. */
export const UNREAD = 'LuaAuth took the change, but reading it again failed. Load this page again to see it.';
