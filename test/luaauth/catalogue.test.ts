import { describe, expect, it } from 'vitest';
import { type Declaration, read, write } from '../../src/luaauth/endpoint.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import { getProject, project } from '../../src/luaauth/projects.ts';
import { paramsIn, resourceOf, sent } from '../../src/luaauth/resource.ts';
import { getScript, script } from '../../src/luaauth/scripts.ts';
import { costing } from '../../src/plan/cost.ts';

const answer = () => 0;

describe('a declaration that contradicts itself does not compile', () => {
  it('a parameter that the route has not', () => {
    // @ts-expect-error
    read('GET /notes/:note_id', { answer, partOf: [script], freshFor: 'scripts' });
    // @ts-expect-error
    write('POST /notes/:note_id/edit', { touches: [project] });
    // @ts-expect-error
    write('POST /projects/:project_id/edit', { touches: [project], about: [sent(script, 'script_id')] });
    read('GET /scripts/:script_id/note', {
      answer: () => ({ id: 'x' }),
      // @ts-expect-error
      repeats: { id: 'scirpt_id' },
      partOf: [script],
      freshFor: 'scripts',
    });
    // @ts-expect-error
    expect(() => getScript({}, { id: 'x' })).toThrow(TypeError);
  });

  it('a refusal that no row has', () => {
    // @ts-expect-error
    write('POST /scripts/:script_id/edit', { touches: [script], refusals: { 0: 'acount expired' } });
  });

  it('the price of what is no declared endpoint', () => {
    // @ts-expect-error
    costing({ route: 'GET /scirpts/:script_id' });
    expect(costing(getScript)).toMatchObject({ upstream: { endpoint: 'GET /scripts/:script_id' } });
  });
});

describe('each declared endpoint', () => {
  const declared = ENDPOINTS.all.map((endpoint) => [endpoint.route, endpoint] as const);
  const partsOf = ({ parts, about }: Declaration) => [...parts, ...about];
  const shown = ENDPOINTS.all.flatMap(({ shows }) => shows ?? []);

  it('has a route and shows a resource of its own', () => {
    expect(ENDPOINTS.all.length).toBeGreaterThan(20);
    expect(new Set(ENDPOINTS.all.map(({ route }) => route)).size).toBe(ENDPOINTS.all.length);
    expect(new Set(shown).size).toBe(shown.length);
    expect(ENDPOINTS.of('GET /scripts/:script_id')).toBe(getScript);
    expect(ENDPOINTS.whichShows(project)).toBe(getProject);
  });

  // Lists of scripts and projects per key work by the resources that a call names.
  it.each(declared)(
    '%s names the resource of each id in its path, and nothing that no read shows',
    (route, endpoint) => {
      const named = partsOf(endpoint).flatMap((part) => ('param' in part ? part.param : []));
      expect(named.toSorted()).toEqual(paramsIn(route).toSorted());
      expect(shown).toEqual(expect.arrayContaining(partsOf(endpoint).map(resourceOf)));
    },
  );

  it.each(declared.filter(([, { shows }]) => shows))(
    '%s takes nothing but the id of what it shows',
    (route, endpoint) => {
      expect([endpoint.kind, ...paramsIn(route)]).toEqual(['read', endpoint.shows?.param]);
    },
  );
});
