import { changesOf, typed, UNREAD, useAction } from './action.ts';
import { Dialog } from './dialog.tsx';
import type { ScriptQuery } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { Id } from './id.tsx';

const EDIT = graphql(/* GraphQL */ `
  mutation EditScript($input: EditScriptInput!) {
    result: editScript(input: $input) {
      __typename
      ... on EditScriptSuccess {
        script {
          id
          name
          freeForAll
          useHeartbeat
          kickOutdated
          requireSessions
        }
      }
      ...RefusalParts
    }
  }
`);

const SWITCHES = [
  ['freeForAll', 'Free for all', 'Users may execute without a key.'],
  ['useHeartbeat', 'Heartbeat', 'Users are checked again after the first verification.'],
  ['kickOutdated', 'Kick outdated', 'Users of an old version are kicked.'],
  ['requireSessions', 'Require sessions', 'Users without WebSockets are refused.'],
] as const;

type Settings = Pick<
  NonNullable<ScriptQuery['script']>,
  'id' | 'name' | 'freeForAll' | 'useHeartbeat' | 'kickOutdated' | 'requireSessions'
>;

interface ScriptSettingsProps {
  readonly script: Settings;
  readonly projectName: string | undefined;
  /** With a text: the settings were saved. */
  readonly onClose: (done?: string) => void;
}

export function ScriptSettings({ script, projectName, onClose }: ScriptSettingsProps) {
  const { run, isBusy, outcome } = useAction(EDIT);
  const { id, name, freeForAll, useHeartbeat, kickOutdated, requireSessions } = script;
  const save = async (form: FormData) => {
    const isOn = (field: string) => form.get(field) !== null;
    const changes = changesOf(
      { name, freeForAll, useHeartbeat, kickOutdated, requireSessions },
      {
        name: typed(form, 'name', name) ?? name,
        freeForAll: isOn('freeForAll'),
        useHeartbeat: isOn('useHeartbeat'),
        kickOutdated: isOn('kickOutdated'),
        requireSessions: isOn('requireSessions'),
      },
    );
    const done = await run({ input: { id, ...changes } }, (result) => {
      const after = result.__typename === 'EditScriptSuccess' ? result.script : undefined;
      return after ? `LuaAuth saved ${sayChanges(after, Object.keys(changes))}.` : UNREAD;
    });
    if (done) onClose(done.text);
  };
  return (
    <Dialog
      title={`Settings of ${name}`}
      facts={[
        ['Project', projectName ?? 'unknown'],
        ['Script id', <Id key={id} value={id} what="script id" />],
      ]}
      submit="Save"
      isBusy={isBusy}
      outcome={outcome}
      onSubmit={save}
      onClose={onClose}
    >
      <label>
        Name
        <input name="name" required defaultValue={name} autoComplete="off" />
      </label>
      {SWITCHES.map(([field, label, meaning]) => (
        <label key={field} className="check">
          <input name={field} type="checkbox" defaultChecked={script[field]} />
          <span>
            {label}
            <span className="quiet"> {meaning}</span>
          </span>
        </label>
      ))}
    </Dialog>
  );
}

function sayChanges(script: Settings, fields: readonly string[]): string {
  const said = SWITCHES.filter(([field]) => fields.includes(field)).map(
    ([field, label]) => `${label} ${script[field] ? 'on' : 'off'}`,
  );
  return [script.name, said.join(', ')].filter((part) => part !== '').join(': ');
}
