import type { Tab, VisitorCredential } from '../../http/graphiql-options.ts';

/** Stands for real ids and keys. */
export const PLACEHOLDERS = {
  scriptId: '<script id>',
  /** The script whose users come and go. */
  visitedScriptId: '<script id>',
  placeId: '<place id>',
  projectId: '<project id>',
  userKey: '<licence key>',
  blacklistedUserKey: '<licence key>',
};

/** The values that tabs use; `readOnly` leaves out the mutations. */
export type TabSubject = typeof PLACEHOLDERS & {
  readonly credential: VisitorCredential | undefined;
  readonly readOnly?: boolean;
};

/** The documents in the folder `tabs`, by file name. The build puts them into `page.json`. */
type Documents = Readonly<Record<string, string>>;

/** The tabs of a new visitor: reads from small to large, a write, and a write that LuaAuth refuses. */
export function createTabs(documents: Documents, subject: TabSubject): Tab[] {
  const { scriptId, visitedScriptId, placeId, projectId, userKey, blacklistedUserKey } = subject;
  const { credential, readOnly = false } = subject;
  const tab = (name: string, variables: object): Tab => ({
    query: documents[name] ?? '',
    variables: JSON.stringify(variables, null, 2),
  });
  const first = documents.script?.replace('"SCRIPT_ID"', () => JSON.stringify(scriptId));
  return [
    // GraphiQL shows the variables of the first tab only after a visit to another tab, so this tab has none.
    { query: `${welcome(credential)}\n${first}`, variables: '' },
    tab('connected-users', { id: scriptId, first: 5 }),
    tab('users-in-place', { id: scriptId, filter: { placeId } }),
    tab('who-is-on', { scriptId: visitedScriptId }),
    tab('project-executions', { id: projectId }),
    tab('user-by-key', { key: userKey }),
    ...(readOnly
      ? []
      : [
          tab('edit-script', { input: { id: scriptId, kickOutdated: true } }),
          tab('blacklist-again', {
            input: { key: blacklistedUserKey, reason: 'Shared the key.' },
          }),
        ]),
  ];
}

/** Lines of at most 48 characters, which fit into half of a small window. */
const welcome = (
  credential: VisitorCredential | undefined,
) => `# Welcome. Run this: the button, or Ctrl-Enter.
${keyNote(credential)}
# Below each answer are its REST calls. Plan
# shows the price and runs nothing.
`;

function keyNote(credential: VisitorCredential | undefined): string {
  if (!credential) return '# This gateway holds its own LuaAuth key.';
  if (credential.publicKey !== '') return '# All tabs send the key in the field above.';
  return '# Put your key into the field above, for all\n# tabs, and a script id here.';
}
