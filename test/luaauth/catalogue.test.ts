import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../src/luaauth/catalogue.ts';
import { a, read, write } from '../../src/luaauth/endpoint.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import { getProject, project } from '../../src/luaauth/projects.ts';
import { listsOf, resource, sent } from '../../src/luaauth/resource.ts';
import { getScript, script } from '../../src/luaauth/scripts.ts';
import { callsTo } from '../../src/plan/cost.ts';

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
    callsTo({ route: 'GET /scirpts/:script_id' });
    expect(callsTo(getScript)).toMatchObject({ endpoint: 'GET /scripts/:script_id' });
  });
});

describe('a declaration that contradicts another one is an error at the start', () => {
  const note = resource('note', 'note_id');
  const getNote = read('GET /notes/:note_id', { answer, partOf: [note], shows: note, freshFor: 'notes' });

  it.each([
    [
      'no read shows one of what it is part of',
      { listNotes: read('GET /notes', { answer, partOf: [listsOf(note)], freshFor: 'notes' }) },
      'luaauth/notes.ts: listNotes.partOf: no read shows one note',
    ],
    [
      'no read shows one of what is sent',
      {
        makeNote: write('POST /notes/new', {
          payload: a<{ note_id: string }>(),
          touches: [],
          about: [sent(note, 'note_id')],
        }),
      },
      'luaauth/notes.ts: makeNote.about: no read shows one note',
    ],
    [
      'an id in the path is of nothing',
      { getNote: read('GET /notes/:note_id', { answer, partOf: [], freshFor: 'notes' }) },
      'luaauth/notes.ts: getNote.partOf: no part has the id note_id; name its resource here or in about',
    ],
    [
      'the same route stands twice',
      { getNote, again: getNote },
      'luaauth/notes.ts: getNote.route: GET /notes/:note_id is declared twice',
    ],
    [
      'two reads show the same',
      { getNote, other: read('GET /n/:note_id', { answer, partOf: [note], shows: note, freshFor: 'notes' }) },
      'luaauth/notes.ts: getNote.shows: note is shown by another read as well',
    ],
    [
      'what shows one takes more than its id',
      { getNote: read('GET /notes', { answer, partOf: [listsOf(note)], shows: note, freshFor: 'notes' }) },
      'luaauth/notes.ts: getNote.shows: a read of one note takes note_id and nothing else',
    ],
  ])('%s', (_title, endpoints, message) => {
    expect(() => new Catalogue({ 'notes.ts': endpoints })).toThrow(new Error(message));
  });

  it('a declaration that fits is found by its route and by what it shows', () => {
    const catalogue = new Catalogue({ 'notes.ts': { getNote }, 'projects.ts': { getProject } });
    expect(catalogue.of('GET /notes/:note_id')).toBe(getNote);
    expect(catalogue.whichShows(project)).toBe(getProject);
    expect(catalogue.freshnesses).toEqual(['notes', 'projects']);
  });

  it('what the gateway declares has these times of freshness', () => {
    expect(ENDPOINTS.freshnesses.toSorted()).toEqual([
      'ads',
      'executions',
      'projects',
      'scripts',
      'sessions',
      'users',
    ]);
  });
});
