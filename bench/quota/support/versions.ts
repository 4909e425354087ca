import type { GraphAnswer } from './client.ts';
import { renameBody } from './operations.ts';
import { FIRST_NAME, scriptId } from './scripts.ts';

interface Version {
  /** The number in the last sent rename, and in the last answered rename. */
  sent: number;
  answered: number;
  isUnderWay: boolean;
}

/** Knows which number every script must show at least, and counts the reads that show less. */
export interface Versions {
  /** The script itself, or the next script that is not being renamed. */
  freeFrom(script: number): number;
  /** The next rename of a script, which the caller sends and ends with its answer; undefined if it failed. */
  rename(script: number): { readonly body: string; end(answer: GraphAnswer | undefined): void };
  /** To be called when a read begins; the result takes its answer. */
  expect(script: number): (answer: GraphAnswer) => void;
  staleReads(): number;
}

export function createVersions(scripts: number): Versions {
  const first = Number(FIRST_NAME);
  const all = Array.from({ length: scripts }, () => ({ sent: first, answered: first, isUnderWay: false }));
  const at = (script: number) => all[script % scripts] as Version;
  let stale = 0;
  return {
    freeFrom(script) {
      for (let ahead = 0; ahead < scripts; ahead += 1) {
        if (!at(script + ahead).isUnderWay) return (script + ahead) % scripts;
      }
      throw new Error('Every script is being renamed: the gateway no longer answers renames.');
    },
    rename(script) {
      const version = at(script);
      version.isUnderWay = true;
      version.sent += 1;
      const { sent } = version;
      return {
        body: renameBody(scriptId(script), String(sent)),
        end(answer) {
          version.isUnderWay = false;
          // Other processes learn later of what says that it is lost.
          if (answer === undefined || isLost(answer)) return;
          if (typeOf(answer) !== 'EditScriptSuccess')
            throw new Error(`A rename was refused: ${typeOf(answer)}`);
          version.answered = sent;
        },
      };
    },
    expect(script) {
      const { answered } = at(script);
      return (answer) => {
        if (isLost(answer)) return;
        const shown = Number((answer.data?.script as { name?: string } | null | undefined)?.name);
        // Also for a name that is no number.
        if (!(shown >= answered)) stale += 1;
      };
    },
    staleReads: () => stale,
  };
}

function isLost({ extensions }: GraphAnswer): boolean {
  return extensions?.upstream?.coordination === 'lost';
}

function typeOf(answer: GraphAnswer): unknown {
  return (answer.data?.editScript as { __typename?: string } | null | undefined)?.__typename;
}
