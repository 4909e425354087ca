import { useState } from 'react';
import { useQuery } from 'urql';
import { Days } from './days.tsx';
import { Failures } from './failures.tsx';
import { graphql } from './gql/index.ts';
import { Sessions } from './sessions.tsx';

/** Two REST calls, however many scripts there are: the project, and its executions, which name the scripts. */
const PROJECT = graphql(/* GraphQL */ `
  query Project($id: ID!) {
    project(id: $id) {
      id
      name
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
  const [openId, setOpenId] = useState<string>();
  if (fetching && !data) return <p role="status">Loading …</p>;
  const project = data?.project;
  const scripts = project?.scripts.filter((script) => script !== null) ?? [];
  const open = scripts.find((script) => script.id === openId);
  return (
    <main>
      <Failures error={error} />
      {project && (
        <>
          <h1>{project.name}</h1>
          <p>
            {project.totalExecutions.toLocaleString('en')} executions{' '}
            <button type="button" onClick={() => refresh({ requestPolicy: 'network-only' })}>
              Refresh
            </button>
          </p>
          <Days executions={project.executions} />
          <h2>Scripts</h2>
          <table>
            <thead>
              <tr>
                <th>Script</th>
                <th>Executions</th>
                <th>By day</th>
                <th>Users</th>
              </tr>
            </thead>
            <tbody>
              {scripts.map((script) => (
                <tr key={script.id}>
                  <td>{script.name}</td>
                  <td>{sum(script.executions).toLocaleString('en')}</td>
                  <td>
                    <Days executions={script.executions} />
                  </td>
                  <td>
                    <button type="button" onClick={() => setOpenId(script.id)}>
                      Who is on {script.name}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      {open && <Sessions key={open.id} scriptId={open.id} />}
    </main>
  );
}

const sum = (executions: readonly { readonly count: number }[]) =>
  executions.reduce((total, { count }) => total + count, 0);
