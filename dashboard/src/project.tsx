import { useState } from 'react';
import { useQuery } from 'urql';
import { Act } from './act.tsx';
import { Chart, Spark } from './chart.tsx';
import { copy } from './copy.ts';
import { whole } from './format.ts';
import type { ProjectQuery } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';
import { Id } from './id.tsx';
import { Failures, Loading, Notice, type Outcome, sayCopied } from './notice.tsx';
import { useRemembered } from './opened.ts';
import { ProjectSettings } from './project-settings.tsx';
import { hrefOf } from './route.ts';
import { type Column, Table } from './table.tsx';
import { sum, Tiles } from './tiles.tsx';
import { useTitle } from './title.ts';

/** Two REST calls, however many scripts there are: the project, and its executions, which name the scripts. */
const PROJECT = graphql(/* GraphQL */ `
  query Project($id: ID!) {
    project(id: $id) {
      ...Settings
      totalExecutions
      executions {
        date
        count
      }
      scripts {
        id
        name
        executions {
          date
          count
        }
      }
    }
  }
`);

export function Project({ id }: { readonly id: string }) {
  const [{ data, error, fetching }, refresh] = useQuery({ query: PROJECT, variables: { id } });
  const [isOpened, setIsOpened] = useState(false);
  const [saved, setSaved] = useState<string>();
  const [copied, setCopied] = useState<Outcome>();
  const project = data?.project;
  useTitle(project?.name ?? 'Project');
  useRemembered('project', id, project?.name);
  if (fetching && !data) return <Loading />;
  if (!project) return <Failures error={error} isBusy={fetching} onRetry={refresh} />;
  const scripts = project.scripts?.filter((script) => script !== null) ?? [];
  const days = project.executions ?? [];
  const copyId = async (script: ListedScript) =>
    setCopied(sayCopied(await copy(script.id), `the id of ${script.name}`));
  return (
    <>
      <div className="title">
        <div>
          <p className="crumbs">
            <a href={hrefOf('projects')}>Projects</a>
          </p>
          <h1>{project.name}</h1>
          <Id value={id} what="project id" />
        </div>
        <p className="line">
          <Act needs={['projects:write']} className="plain" onClick={() => setIsOpened(true)}>
            Settings
          </Act>
          <button type="button" className="plain" onClick={() => refresh({ requestPolicy: 'network-only' })}>
            Refresh
          </button>
        </p>
      </div>
      {saved && <Notice outcome={{ isGood: true, text: saved }} />}
      {isOpened && (
        <ProjectSettings
          project={project}
          onClose={(done) => {
            setIsOpened(false);
            setSaved(done);
          }}
        />
      )}
      <Failures error={error} isBusy={fetching} onRetry={refresh} />
      <Tiles
        tiles={[
          ['Executions', whole(project.totalExecutions)],
          [`Last day${days.length > 0 ? `, ${days.at(-1)?.date}` : ''}`, whole(days.at(-1)?.count ?? 0)],
          ['A day, on average', whole(Math.round(sum(days) / Math.max(days.length, 1)))],
          ['Scripts', whole(scripts.length)],
        ]}
      />
      <section className="card">
        <Chart days={days} title="Executions by day" />
      </section>
      <section className="card">
        <h2>Scripts</h2>
        <Notice outcome={copied} />
        {scripts.length > 0 && (
          <Table
            name={`${project.name} scripts`}
            rows={scripts}
            idOf={({ id: scriptId }) => scriptId}
            columns={columnsOf(days.length)}
            actions={(script) => (
              <button type="button" className="plain" onClick={() => copyId(script)}>
                Copy id
              </button>
            )}
          />
        )}
        <p className="quiet">A script that nobody has executed may not be listed: open it by its id.</p>
      </section>
    </>
  );
}

type ListedScript = NonNullable<NonNullable<NonNullable<ProjectQuery['project']>['scripts']>[number]>;

const lastCount = ({ executions }: ListedScript): number => executions?.at(-1)?.count ?? 0;

const columnsOf = (days: number): readonly Column<ListedScript>[] => [
  {
    name: 'Script',
    value: ({ name }) => name,
    show: ({ id, name }) => <a href={hrefOf('script', id)}>{name}</a>,
  },
  {
    name: `Executions, ${days} days`,
    isNumber: true,
    value: ({ executions }) => sum(executions ?? []),
    show: ({ executions }) => whole(sum(executions ?? [])),
  },
  {
    name: 'By day',
    value: lastCount,
    csv: ['Executions, last day', lastCount],
    show: ({ executions }) => <Spark days={executions ?? []} />,
  },
];
