import { useState } from 'react';
import { useQuery } from 'urql';
import { useReason } from './allowed.tsx';
import { whole } from './format.ts';
import { graphql } from './gql/index.ts';
import { Id } from './id.tsx';
import { Failures, Loading } from './notice.tsx';
import { forgetOpened, readOpened } from './opened.ts';
import { hrefOf } from './route.ts';
import { useSettings } from './settings.ts';
import { useTitle } from './title.ts';
import { isOutOfReach } from './words.ts';

/**
 * LuaAuth lists no projects, so this shows the projects of the account's ad systems. Costs one REST call, and one for each
 * project.
 */
const PROJECTS = graphql(/* GraphQL */ `
  query Projects {
    knownProjects {
      id
      name
      totalExecutions
    }
  }
`);

/** The projects that the operator of the gateway has pinned. One REST call for each. */
const PINNED = graphql(/* GraphQL */ `
  query PinnedProjects($ids: [ID!]!) {
    projects(ids: $ids) {
      id
      name
      totalExecutions
    }
  }
`);

export function Projects() {
  const reason = useReason(['ads:read', 'projects:read']);
  const pinnedIds = useSettings()?.projects ?? [];
  const [{ data, error, fetching }, refresh] = useQuery({ query: PROJECTS, pause: reason !== undefined });
  const readsProjects = useReason(['projects:read']) === undefined;
  const [pinned, refreshPinned] = useQuery({
    query: PINNED,
    variables: { ids: [...pinnedIds] },
    pause: pinnedIds.length === 0 || !readsProjects,
  });
  const [opened, setOpened] = useState(readOpened);
  useTitle('Projects');
  // Pinned projects that this key does not reach are left out.
  const pinnedError = pinned.error && !isOutOfReach(pinned.error) ? pinned.error : undefined;
  const found = [...(pinned.data?.projects ?? []), ...(data?.knownProjects ?? [])].filter(
    (project) => project !== null,
  );
  const projects = [...new Map(found.map((project) => [project.id, project])).values()];
  const open = (form: FormData) => {
    location.hash = hrefOf(String(form.get('page')), String(form.get('id')).trim());
  };
  const forget = () => {
    forgetOpened();
    setOpened([]);
  };
  return (
    <>
      <h1>Projects</h1>
      <Failures error={error} isBusy={fetching} onRetry={refresh} />
      <Failures error={pinnedError} isBusy={pinned.fetching} onRetry={refreshPinned} />
      {(fetching || pinned.fetching) && projects.length === 0 && <Loading />}
      {reason && projects.length === 0 && !pinned.fetching && (
        <p>This key does not list projects. Open one by id.</p>
      )}
      {data?.knownProjects && projects.length === 0 && (
        <section className="card">
          <h2>No projects are known yet</h2>
          <p className="quiet">
            LuaAuth has no list of projects, and no ad system of your account names one. Open a script or a
            project by its id below.
          </p>
        </section>
      )}
      <ul className="cards">
        {projects.map(({ id, name, totalExecutions }) => (
          <li key={id}>
            <a className="card" href={hrefOf('project', id)}>
              <b>{name}</b>
              <span>{whole(totalExecutions)} executions</span>
            </a>
          </li>
        ))}
      </ul>
      <form className="card line" action={open}>
        <label>
          Open by id
          <input name="id" required autoComplete="off" spellCheck={false} placeholder="65e0a1b2…" />
        </label>
        <label>
          Type
          <select name="page">
            <option value="project">project</option>
            <option value="script">script</option>
          </select>
        </label>
        <button type="submit">Open</button>
      </form>
      <p className="quiet">
        LuaAuth has no list of projects{reason ? '' : ': these are the projects that your ad systems name'}.
        To open another project, enter its id. A script's id has 32 letters and digits, and is in the address
        of its loader. The page of a script links to its project.
      </p>
      {opened.length > 0 && (
        <section className="card" aria-label="Opened before">
          <div className="title">
            <h2>Opened before on this machine</h2>
            <button type="button" className="plain" onClick={forget}>
              Forget these
            </button>
          </div>
          <ul className="opened">
            {opened.map(({ page, id, name }) => (
              <li key={id}>
                <a href={hrefOf(page, id)}>{name}</a>
                <span className="quiet">{page}</span>
                <Id value={id} what={`the id of ${name}`} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
