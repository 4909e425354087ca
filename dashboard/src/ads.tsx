import { useRef, useState } from 'react';
import { useQuery } from 'urql';
import { Act } from './act.tsx';
import { changesOf, UNREAD, useAction } from './action.ts';
import { useReason } from './allowed.tsx';
import { copy } from './copy.ts';
import { count, duration, whole } from './format.ts';
import type { SystemFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { Failures, Loading, Notice, type Outcome, sayCopied } from './notice.tsx';
import { hrefOf } from './route.ts';
import { type Column, Table } from './table.tsx';
import { useTitle } from './title.ts';

/** One REST call for all systems, and one for each of their projects. */
const SYSTEMS = graphql(/* GraphQL */ `
  query AdSystems {
    adSystems {
      ...System
    }
  }

  fragment System on AdSystem {
    id
    name
    keyDurationMs
    maxKeys
    allowExtending
    maxDurationMs
    project {
      id
      name
    }
  }
`);

const EDIT = graphql(/* GraphQL */ `
  mutation EditSystem($input: EditAdSystemInput!) {
    result: editAdSystem(input: $input) {
      __typename
      ... on EditAdSystemSuccess {
        adSystem {
          ...System
        }
      }
      ...RefusalParts
    }
  }
`);

const CREATE = graphql(/* GraphQL */ `
  mutation CreateSystem($input: CreateAdSystemInput!) {
    result: createAdSystem(input: $input) {
      __typename
      ... on CreateAdSystemSuccess {
        adSystem {
          ...System
        }
      }
      ...RefusalParts
    }
  }
`);

const HOUR_MS = 3_600_000;

export function AdSystems() {
  const reason = useReason(['ads:read', 'projects:read']);
  const [{ data, error, fetching }, refresh] = useQuery({ query: SYSTEMS, pause: reason !== undefined });
  const edit = useAction(EDIT);
  const create = useAction(CREATE);
  const [edited, setEdited] = useState<SystemFragment | 'new'>();
  const [outcomeOf, setOutcomeOf] = useState<'edit' | 'create'>('edit');
  useTitle('Ad systems');
  const [copied, setCopied] = useState<Outcome>();
  const systems = data?.adSystems ?? [];
  const copyId = async ({ id, name }: SystemFragment) =>
    setCopied(sayCopied(await copy(id), `the id of ${name}`));
  const save = async (input: SystemInput) => {
    const isNew = edited === 'new';
    setOutcomeOf(isNew ? 'create' : 'edit');
    setCopied(undefined);
    const done = isNew
      ? await create.run({ input }, (result) =>
          result.__typename === 'CreateAdSystemSuccess' ? sayOf(result.adSystem, 'made') : '',
        )
      : edited &&
        (await edit.run({ input: { id: edited.id, ...changesOf(inputOf(edited), input) } }, (result) =>
          result.__typename === 'EditAdSystemSuccess' ? sayOf(result.adSystem, 'saved') : '',
        ));
    if (!done) return;
    setEdited(undefined);
    refresh({ requestPolicy: 'network-only' });
  };
  return (
    <>
      <div className="title">
        <h1>Ad systems</h1>
        <Act needs={['ads:write']} className="plain" onClick={() => setEdited('new')}>
          New ad system
        </Act>
      </div>
      <p className="quiet">A user earns a key by passing the checkpoints of an ad system.</p>
      {reason && <p>This key does not list ad systems. {reason}</p>}
      <Failures error={error} isBusy={fetching} onRetry={refresh} />
      {fetching && !data && <Loading />}
      <Notice outcome={copied ?? { edit, create }[outcomeOf].outcome} />
      {edited && (
        <SystemForm
          key={edited === 'new' ? 'new' : edited.id}
          system={edited === 'new' ? undefined : edited}
          isBusy={edit.isBusy || create.isBusy}
          onSave={save}
          onCancel={() => setEdited(undefined)}
        />
      )}
      {data?.adSystems && systems.length === 0 && (
        <section className="card">
          <h2>No ad systems yet</h2>
          <p className="quiet">
            Press “New ad system” to make the first. It needs a name and the id of a project: open a script of
            the project by its id, and the way above its name leads to the project.
          </p>
        </section>
      )}
      {systems.length > 0 && (
        <section className="card">
          <Table
            name="Ad systems"
            rows={systems}
            idOf={({ id }) => id}
            columns={COLUMNS}
            actions={(system) => (
              <>
                <Act needs={['ads:write']} className="plain" onClick={() => setEdited(system)}>
                  Edit
                </Act>
                <button type="button" className="plain" onClick={() => copyId(system)}>
                  Copy id
                </button>
              </>
            )}
          />
        </section>
      )}
    </>
  );
}

const extendedMs = ({ allowExtending, maxDurationMs }: SystemFragment): number =>
  allowExtending ? maxDurationMs : 0;

const COLUMNS: readonly Column<SystemFragment>[] = [
  { name: 'Name', value: ({ name }) => name, show: ({ name }) => <b>{name}</b> },
  {
    name: 'Project',
    value: ({ project }) => project?.name ?? '',
    show: ({ project }) => project && <a href={hrefOf('project', project.id)}>{project.name}</a>,
  },
  {
    name: 'A key lasts',
    value: ({ keyDurationMs }) => keyDurationMs,
    csv: ['A key lasts, in hours', ({ keyDurationMs }) => keyDurationMs / HOUR_MS],
    show: ({ keyDurationMs }) => duration(keyDurationMs),
  },
  {
    name: 'Keys of a user',
    isNumber: true,
    value: ({ maxKeys }) => maxKeys,
    show: ({ maxKeys }) => whole(maxKeys),
  },
  {
    name: 'Extending',
    value: extendedMs,
    csv: ['Extended to at most, in hours', (system) => extendedMs(system) / HOUR_MS],
    show: ({ allowExtending, maxDurationMs }) => (allowExtending ? `up to ${duration(maxDurationMs)}` : 'no'),
  },
];

interface SystemInput {
  readonly projectId: string;
  readonly name: string;
  readonly keyDurationMs: number;
  readonly maxKeys: number;
  readonly allowExtending: boolean;
  readonly maxDurationMs: number;
}

const inputOf = ({ id: _, project, ...system }: SystemFragment): SystemInput => ({
  ...system,
  projectId: project?.id ?? '',
});

/** The ad system as LuaAuth answered it. */
const sayOf = (system: SystemFragment | null | undefined, done: string): string =>
  system
    ? `${system.name}: ${done}. A key lasts ${duration(system.keyDurationMs)}, ${count(system.maxKeys, 'key')} for each user, ${sayExtending(system)}.`
    : UNREAD;

const sayExtending = ({ allowExtending, maxDurationMs }: SystemFragment): string =>
  allowExtending ? `extended up to ${duration(maxDurationMs)}` : 'not extended';

interface SystemFormProps {
  /** Undefined: a new one. */
  readonly system: SystemFragment | undefined;
  readonly isBusy: boolean;
  readonly onSave: (input: SystemInput) => void;
  readonly onCancel: () => void;
}

function SystemForm({ system, isBusy, onSave, onCancel }: SystemFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const save = () => {
    if (!form.current) return;
    const given = new FormData(form.current);
    onSave({
      projectId: String(given.get('projectId')).trim(),
      name: String(given.get('name')).trim(),
      keyDurationMs: Math.round(Number(given.get('hours')) * HOUR_MS),
      maxKeys: Number(given.get('maxKeys')),
      allowExtending: given.get('allowExtending') !== null,
      maxDurationMs: Math.round(Number(given.get('maxHours')) * HOUR_MS),
    });
  };
  return (
    // Not an action, after which React would empty the fields: what is refused can be mended.
    <form
      ref={form}
      className="card"
      aria-label={system ? `Edit ${system.name}` : 'New ad system'}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <h2>{system ? `Edit ${system.name}` : 'New ad system'}</h2>
      <div className="fields">
        <label>
          Name
          <input name="name" required defaultValue={system?.name} autoComplete="off" />
        </label>
        <label>
          Project id
          <input
            name="projectId"
            // A project that cannot be read stays, unless another is given.
            required={system?.project !== null}
            defaultValue={system?.project?.id}
            autoComplete="off"
            spellCheck={false}
          />
        </label>
        <label>
          A key lasts, in hours
          <input
            name="hours"
            type="number"
            min={0}
            step="any"
            required
            defaultValue={hoursOf(system?.keyDurationMs, 24)}
          />
        </label>
        <label>
          Keys of a user
          <input name="maxKeys" type="number" min={1} required defaultValue={system?.maxKeys ?? 1} />
        </label>
        <label>
          Extended to at most, in hours
          <input
            name="maxHours"
            type="number"
            min={0}
            step="any"
            required
            defaultValue={hoursOf(system?.maxDurationMs, 168)}
          />
        </label>
        <label className="check">
          <input name="allowExtending" type="checkbox" defaultChecked={system?.allowExtending ?? true} />
          Keys can be extended
        </label>
      </div>
      <div className="line end">
        <button type="button" className="plain" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" disabled={isBusy}>
          {system ? 'Save' : 'Make it'}
        </button>
      </div>
    </form>
  );
}

const hoursOf = (ms: number | undefined, byDefault: number) => (ms === undefined ? byDefault : ms / HOUR_MS);
