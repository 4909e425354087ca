import { useQuery } from 'urql';
import { whole } from './format.ts';
import { graphql } from './gql/index.ts';
import { Failures, Loading } from './notice.tsx';
import { hrefOf } from './route.ts';

/** LuaAuth lists no projects: these are those that the account's ad systems name. One REST call, and one for each. */
const PROJECTS = graphql(/* GraphQL */ `
  query Projects {
    knownProjects {
      id
      name
      totalExecutions
    }
  }
`);

export function Projects() {
  const [{ data, error, fetching }] = useQuery({ query: PROJECTS });
  const projects = data?.knownProjects?.filter((project) => project !== null) ?? [];
  const open = (form: FormData) => {
    location.hash = hrefOf(String(form.get('page')), String(form.get('id')).trim());
  };
  return (
    <>
      <h1>Projects</h1>
      <Failures error={error} />
      {fetching && !data && <Loading />}
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
          It is a
          <select name="page">
            <option value="project">project</option>
            <option value="script">script</option>
          </select>
        </label>
        <button type="submit">Open</button>
      </form>
      <p className="quiet">
        LuaAuth has no list of projects. These are the projects that your ad systems name; any other one opens
        by its id.
      </p>
    </>
  );
}
