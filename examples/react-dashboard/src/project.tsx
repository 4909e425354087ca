import { useState } from 'react';
import { useQuery } from 'urql';
import { Chart, Spark } from './chart.tsx';
import { whole } from './format.ts';
import { graphql } from './gql/index.ts';
import { Failures, Loading, Notice } from './notice.tsx';
import { useRemembered } from './opened.ts';
import { ProjectSettings } from './project-settings.tsx';
import { hrefOf } from './route.ts';
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
  const project = data?.project;
  useTitle(project?.name ?? 'Project');
  useRemembered('project', id, project?.name);
  if (fetching && !data) return <Loading />;
  if (!project) return <Failures error={error} isBusy={fetching} onRetry={refresh} />;
  const scripts = project.scripts?.filter((script) => script !== null) ?? [];
  const days = project.executions ?? [];
  return (
    <>
      <div className="title">
        <div>
          <p className="crumbs">
            <a href={hrefOf('projects')}>Projects</a>
          </p>
          <h1>{project.name}</h1>
        </div>
        <p className="line">
          <button type="button" className="plain" onClick={() => setIsOpened(true)}>
            Settings
          </button>
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
        <table className="stacked">
          <thead>
            <tr>
              <th>Script</th>
              <th className="number">Executions, {days.length} days</th>
              <th>By day</th>
            </tr>
          </thead>
          <tbody>
            {scripts.map((script) => (
              <tr key={script.id}>
                <td>
                  <a href={hrefOf('script', script.id)}>{script.name}</a>
                </td>
                <td className="number">{whole(sum(script.executions ?? []))}</td>
                <td>
                  <Spark days={script.executions ?? []} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="quiet">A script that nobody has executed may not be listed: open it by its id.</p>
      </section>
    </>
  );
}
