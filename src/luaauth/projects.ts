import { objectDecoder } from './decoders.ts';
import { a, read, write } from './endpoint.ts';
import { isObject } from './envelope.ts';
import { resource } from './resource.ts';
import { PROJECT, type WireProjectEdit } from './wire.ts';

export const project = resource('project', 'project_id');

const decodeProject = objectDecoder('project', PROJECT);

/** A decoded project. A missing or empty webhook is null. */
export type Project = ReturnType<typeof decodeProject>;

export const getProject = read('GET /projects/:project_id', {
  member: 'project',
  documented: { project: PROJECT },
  answer: decodeProject,
  repeats: { id: 'project_id' },
  partOf: [project],
  shows: project,
  freshFor: 'projects',
});

/** Undefined if the edit succeeded but the answer has no project. */
export const editProject = write('POST /projects/:project_id/edit', {
  payload: a<WireProjectEdit>(),
  documented: { project: PROJECT },
  answer: (about, answer) => (isObject(answer.project) ? decodeProject(about, answer.project) : undefined),
  repeats: { id: 'project_id' },
  touches: [project],
  refusals: { 0: 'account expired', 1: 'nothing to edit' },
});

/** The fate of the project's scripts and users is not documented, so cached scripts stay. */
export const removeProject = write('POST /projects/:project_id/remove', { touches: [project] });
