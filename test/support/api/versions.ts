import type { ServerResponse } from 'node:http';
import type { Result } from '../gateways/gateway.ts';
import { answerAs } from './plain-api.ts';
import type { Recorded, Respond } from './recorder.ts';

/** A REST API whose every write makes the next version, which every read shows. */
export function createVersions() {
  let version = 1;
  const held: (() => void)[] = [];
  const answer: Respond = (recorded, response) => {
    if (isWrite(recorded)) version += 1;
    answerAs(`v${version}`, recorded, response);
  };
  return {
    answer,
    /** Looks the answer up at once, and keeps it back until `release`. */
    hold: ((recorded: Recorded, response: ServerResponse) => {
      if (isWrite(recorded)) version += 1;
      const mark = `v${version}`;
      held.push(() => answerAs(mark, recorded, response));
    }) satisfies Respond,
    release() {
      for (const send of held.splice(0)) send();
    },
  };
}

/** The version that each of the four reads of `WHOLE_SCRIPT` has shown. */
export function marksIn({ data }: Result<WholeScript>): (string | undefined)[] {
  const { name, executions, sessions, filtered } = data?.script ?? {};
  return [name, executions?.[0]?.date, sessions?.nodes[0]?.jobId, filtered?.nodes[0]?.jobId];
}

interface WholeScript {
  readonly script?: {
    readonly name: string;
    readonly executions: readonly { readonly date: string }[] | null;
    readonly sessions: { readonly nodes: readonly { readonly jobId: string }[] } | null;
    readonly filtered: { readonly nodes: readonly { readonly jobId: string }[] } | null;
  } | null;
}

function isWrite({ line }: Recorded): boolean {
  return line.startsWith('POST') && !line.includes('/sessions');
}
