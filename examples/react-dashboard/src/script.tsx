import { useQuery } from 'urql';
import { useAction } from './action.ts';
import { Chart } from './chart.tsx';
import { whole } from './format.ts';
import { graphql } from './gql/index.ts';
import { Failures, Loading, Notice } from './notice.tsx';
import { hrefOf } from './route.ts';
import { Sessions } from './sessions.tsx';
import { Tiles } from './tiles.tsx';

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
          enabled
        }
      }
      ...RefusalParts
    }
  }
`);

export function Script({ id }: { readonly id: string }) {
  const [{ data, error, fetching }] = useQuery({ query: SCRIPT, variables: { id } });
  const { run, isBusy, outcome } = useAction(TOGGLE);
  const script = data?.script;
  if (fetching && !data) return <Loading />;
  if (!script) return <Failures error={error} />;
  const { name, enabled, project } = script;
  const toggle = () => {
    const isSure = !enabled || confirm(`Disable ${name}? Nobody can execute it until it is enabled again.`);
    if (isSure) void run({ input: { id, enabled: !enabled } }, enabled ? 'Disabled.' : 'Enabled.');
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
          <p className="badges">
            <span className={enabled ? 'badge good' : 'badge bad'}>{enabled ? 'Enabled' : 'Disabled'}</span>
            {script.freeForAll && <span className="badge">Free for all</span>}
            {script.requireSessions && <span className="badge">Requires sessions</span>}
            {script.kickOutdated && <span className="badge">Kicks outdated</span>}
            {!script.useHeartbeat && <span className="badge">No heartbeat</span>}
          </p>
        </div>
        <button type="button" className="plain" disabled={isBusy} onClick={toggle}>
          {enabled ? 'Disable' : 'Enable'}
        </button>
      </div>
      <Notice outcome={outcome} />
      <Failures error={error} />
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
      <Sessions scriptId={id} />
    </>
  );
}
