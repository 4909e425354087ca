import { useState } from 'react';
import { type TypedDocumentNode, useMutation } from 'urql';
import { graphql } from './gql/index.ts';
import type { Outcome } from './notice.tsx';
import { type Refusal, sayErrors, sayRefusal } from './words.ts';

/** The fields that every mutation asks of a refusal; codegen finds fragments, so nobody imports it. */
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
 * A mutation whose only field is `result`. `run` gives what came of it if it succeeded, and else undefined; `outcome` says
 * either for people.
 */
export function useAction<Result extends Refusal, Variables extends object>(
  document: TypedDocumentNode<{ readonly result: Result }, Variables>,
) {
  const [{ fetching: isBusy }, mutate] = useMutation(document);
  const [outcome, setOutcome] = useState<Outcome>();
  const run = async (variables: Variables, done: string): Promise<Result | undefined> => {
    setOutcome(undefined);
    const { data, error } = await mutate(variables);
    const refusal = data && sayRefusal(data.result);
    const text = error && !data ? sayErrors(error).join(' ') : refusal;
    setOutcome(text === undefined ? { isGood: true, text: done } : { isGood: false, text });
    return text === undefined ? data?.result : undefined;
  };
  return { run, isBusy, outcome, say: setOutcome };
}
