import { useQuery } from 'urql';
import { changesOf, typed, useAction } from './action.ts';
import { Dialog } from './dialog.tsx';
import { duration, endOf } from './format.ts';
import type { ProjectQuery, SettingsFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { Id } from './id.tsx';
import { sayErrors } from './words.ts';

/** Asked for when the dialog opens: a webhook is a secret, which needs a scope of its own. */
const WEBHOOKS = graphql(/* GraphQL */ `
  query Webhooks($id: ID!) {
    project(id: $id) {
      id
      executionWebhook
      informationWebhook
      blacklistWebhook
    }
  }
`);

const EDIT = graphql(/* GraphQL */ `
  mutation EditProject($input: EditProjectInput!) {
    result: editProject(input: $input) {
      __typename
      ... on EditProjectSuccess {
        project {
          ...Settings
        }
      }
      ...RefusalParts
    }
  }

  fragment Settings on Project {
    id
    name
    allowFingerprintResets
    fingerprintResetCooldownMs
    deleteExpiredUsers
  }
`);

/** The same for a key that may read webhooks. The gateway checks the scopes of skipped fields too, so it is a document of its own. */
const EDIT_AND_READ = graphql(/* GraphQL */ `
  mutation EditProjectAndRead($input: EditProjectInput!) {
    result: editProject(input: $input) {
      __typename
      ... on EditProjectSuccess {
        project {
          ...Settings
          executionWebhook
          informationWebhook
          blacklistWebhook
        }
      }
      ...RefusalParts
    }
  }
`);

const HOOKS = [
  ['executionWebhook', 'Webhook of executions'],
  ['informationWebhook', 'Webhook of information'],
  ['blacklistWebhook', 'Webhook of blacklists'],
] as const;

const HOUR_MS = 3_600_000;

interface ProjectSettingsProps {
  readonly project: NonNullable<ProjectQuery['project']>;
  /** With a text: the settings were saved. */
  readonly onClose: (done?: string) => void;
}

export function ProjectSettings({ project, onClose }: ProjectSettingsProps) {
  const { id, name, allowFingerprintResets, fingerprintResetCooldownMs, deleteExpiredUsers } = project;
  const [{ data, error, fetching }] = useQuery({
    query: WEBHOOKS,
    variables: { id },
    requestPolicy: 'network-only',
  });
  const hooks = data?.project;
  const { run, isBusy, outcome } = useAction(hooks ? EDIT_AND_READ : EDIT);
  const save = async (form: FormData) => {
    const hours = Number(form.get('cooldown'));
    const isSame = hours === fingerprintResetCooldownMs / HOUR_MS;
    const changes = changesOf(
      { name, allowFingerprintResets, fingerprintResetCooldownMs, deleteExpiredUsers },
      {
        name: typed(form, 'name', name) ?? name,
        allowFingerprintResets: form.get('allowFingerprintResets') !== null,
        fingerprintResetCooldownMs: isSame ? fingerprintResetCooldownMs : Math.round(hours * HOUR_MS),
        deleteExpiredUsers: form.get('deleteExpiredUsers') !== null,
      },
    );
    const input = { id, ...changes, ...hooksOf(form) };
    const done = await run({ input }, (result) =>
      result.__typename === 'EditProjectSuccess' ? sayChanges(result.project, input, !!hooks) : '',
    );
    if (done) onClose(done.text);
  };
  return (
    <Dialog
      title={`Settings of ${name}`}
      facts={[['Project id', <Id key={id} value={id} what="project id" />]]}
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
      <label className="check">
        <input name="allowFingerprintResets" type="checkbox" defaultChecked={allowFingerprintResets} />
        Users may reset their own fingerprint
      </label>
      <label>
        Time between two resets, in hours
        <input
          name="cooldown"
          type="number"
          min={0}
          step="any"
          required
          defaultValue={fingerprintResetCooldownMs / HOUR_MS}
        />
      </label>
      <label className="check">
        <input name="deleteExpiredUsers" type="checkbox" defaultChecked={deleteExpiredUsers} />
        Delete users 15 minutes after their key has expired
      </label>
      {HOOKS.map(([field, label]) => (
        <fieldset key={field}>
          <legend>{label}</legend>
          <p className="quiet">{fetching ? 'Loading …' : sayHook(hooks?.[field], hooks != null)}</p>
          <label>
            New address
            <input
              name={field}
              type="password"
              autoComplete="off"
              spellCheck={false}
              placeholder="stays as it is"
              pattern="\s*https://\S+\s*"
              title="An address that begins with https://"
            />
          </label>
          {(hooks ? hooks[field] : !fetching) && (
            <label className="check">
              <input name={`${field}-none`} type="checkbox" />
              Remove
            </label>
          )}
        </fieldset>
      ))}
      {error && <p className="quiet">The present webhooks are not shown: {sayErrors(error).join(' ')}</p>}
    </Dialog>
  );
}

type Webhooks = Partial<Record<(typeof HOOKS)[number][0], string | null>>;

/** The webhooks to change: a new address, or null, which removes the webhook. */
function hooksOf(form: FormData): Webhooks {
  const changes: Webhooks = {};
  for (const [field] of HOOKS) {
    const address = typed(form, field);
    if (form.get(`${field}-none`) !== null) changes[field] = null;
    else if (address) changes[field] = address;
  }
  return changes;
}

/** Names a webhook by its host and its end: the address is a secret. */
function sayHook(address: string | null | undefined, isKnown: boolean): string {
  if (!isKnown) return 'Unknown';
  if (!address) return 'None is set';
  return `Set: ${URL.canParse(address) ? new URL(address).host : ''} ${endOf(address)}`;
}

type Saved = Omit<SettingsFragment, 'id'> & Webhooks;

/** The changed settings as LuaAuth answered them. */
function sayChanges(saved: Saved, changes: object, readsWebhooks: boolean): string {
  const said: Readonly<Record<string, string>> = {
    allowFingerprintResets: `fingerprint resets ${saved.allowFingerprintResets ? 'allowed' : 'not allowed'}`,
    fingerprintResetCooldownMs: `${duration(saved.fingerprintResetCooldownMs)} between two resets`,
    deleteExpiredUsers: `expired users are ${saved.deleteExpiredUsers ? 'deleted' : 'kept'}`,
    ...Object.fromEntries(
      HOOKS.map(([field, label]) => [
        field,
        `${label.toLowerCase()} ${readsWebhooks ? (saved[field] ? `set, ${endOf(saved[field])}` : 'removed') : 'changed'}`,
      ]),
    ),
  };
  const words = Object.keys(changes).flatMap((field) => said[field] ?? []);
  return `LuaAuth saved ${[saved.name, words.join(', ')].filter((part) => part !== '').join(': ')}.`;
}
