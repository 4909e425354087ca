import { useState } from 'react';
import { useQuery } from 'urql';
import { Act } from './act.tsx';
import { UNREAD, useAction } from './action.ts';
import { Chart } from './chart.tsx';
import { Dialog } from './dialog.tsx';
import { whole } from './format.ts';
import { graphql } from './gql/index.ts';
import { Id } from './id.tsx';
import { Failures, Loading, Notice } from './notice.tsx';
import { Online } from './online.tsx';
import { useRemembered } from './opened.ts';
import { hrefOf } from './route.ts';
import { ScriptSettings } from './script-settings.tsx';
import { Sessions } from './sessions.tsx';
import { Tiles } from './tiles.tsx';
import { useTitle } from './title.ts';

/** Three REST calls: the script, its project, and its executions. */
const SCRIPT = graphql(/* GraphQL */ `
  query Script($id: ID!) {
    script(id: $id) {
      id
      name
      enabled
      freeForAll
      useHeartbeat
      kickOutdated
      requireSessions
      totalExecutions
      totalSessions
      totalInstances
      project {
        id
        name
      }
      executions {
        date
        count
      }
    }
  }
`);

const TOGGLE = graphql(/* GraphQL */ `
  mutation Toggle($input: ToggleScriptInput!) {
    result: toggleScript(input: $input) {
      __typename
      ... on ToggleScriptSuccess {
        script {
          id
          name
          enabled
        }
      }
      ...RefusalParts
    }
  }
`);

export function Script({ id }: { readonly id: string }) {
  const [{ data, error, fetching }, refresh] = useQuery({ query: SCRIPT, variables: { id } });
  const { run, isBusy, outcome } = useAction(TOGGLE);
  const [opened, setOpened] = useState<'settings' | 'disable'>();
  const [saved, setSaved] = useState<string>();
  const script = data?.script;
  useTitle(script?.name ?? 'Script');
  useRemembered('script', id, script?.name);
  if (fetching && !data) return <Loading />;
  if (!script) return <Failures error={error} isBusy={fetching} onRetry={refresh} />;
  const { name, enabled, project } = script;
  const open = (dialog: typeof opened) => {
    setSaved(undefined);
    setOpened(dialog);
  };
  const close = (done?: string) => {
    setOpened(undefined);
    setSaved(done);
  };
  const toggle = async () => {
    const done = await run({ input: { id, enabled: !enabled } }, (result) => {
      const after = result.__typename === 'ToggleScriptSuccess' ? result.script : undefined;
      return after ? `${after.name} is ${after.enabled ? 'enabled' : 'disabled'}.` : UNREAD;
    });
    if (done) close(done.text);
  };
  return (
    <>
      <div className="title">
        <div>
          <p className="crumbs">
            <a href={hrefOf('projects')}>Projects</a>
            {project && <a href={hrefOf('project', project.id)}>{project.name}</a>}
          </p>
          <h1>{name}</h1>
          <Id value={id} what="script id" />
          <p className="badges">
            <span className={enabled ? 'badge good' : 'badge bad'}>{enabled ? 'Enabled' : 'Disabled'}</span>
            {script.freeForAll && <span className="badge">Free for all</span>}
            {script.requireSessions && <span className="badge">Requires sessions</span>}
            {script.kickOutdated && <span className="badge">Kicks outdated</span>}
            {!script.useHeartbeat && <span className="badge">No heartbeat</span>}
          </p>
        </div>
        <p className="line">
          <Act needs={['scripts:write']} className="plain" onClick={() => open('settings')}>
            Settings
          </Act>
          <Act
            needs={['scripts:write']}
            className={enabled ? 'danger' : 'plain'}
            isDisabled={isBusy}
            onClick={enabled ? () => open('disable') : toggle}
          >
            {enabled ? 'Disable' : 'Enable'}
          </Act>
        </p>
      </div>
      {saved ? <Notice outcome={{ isGood: true, text: saved }} /> : !opened && <Notice outcome={outcome} />}
      <Failures error={error} isBusy={fetching} onRetry={refresh} />
      <Tiles
        tiles={[
          ['Executions', whole(script.totalExecutions)],
          ['Sessions so far', whole(script.totalSessions)],
          ['Instances so far', whole(script.totalInstances)],
        ]}
      />
      <section className="card">
        <Chart days={script.executions ?? []} title="Executions by day" />
      </section>
      <Online id={id} />
      <Sessions scriptId={id} scriptName={name} />
      {opened === 'settings' && (
        <ScriptSettings script={script} projectName={project?.name} onClose={close} />
      )}
      {opened === 'disable' && (
        <Dialog
          title={`Disable ${name}`}
          facts={[
            ['Script', name],
            ['Project', project?.name ?? 'unknown'],
          ]}
          submit="Disable"
          isDanger
          isBusy={isBusy}
          outcome={outcome}
          onSubmit={toggle}
          onClose={close}
        >
          <p>No user can execute this script until you enable it again.</p>
        </Dialog>
      )}
    </>
  );
}
