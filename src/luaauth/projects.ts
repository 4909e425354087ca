import { objectDecoder } from './decoders.ts';
import { a, read, write } from './endpoint.ts';
import { isObject } from './envelope.ts';
import { resource } from './resource.ts';
import { PROJECT, type WireProjectEdit } from './wire.ts';

export const project = resource('project', 'project_id');

const decodeProject = objectDecoder('project', PROJECT);

/** A project as decoded: a webhook that is missing or empty is null. */
export type Project = ReturnType<typeof decodeProject>;

/** `GET /projects/:project_id` */
export const getProject = read('GET /projects/:project_id', {
  member: 'project',
  documented: { project: PROJECT },
  answer: decodeProject,
  repeats: { id: 'project_id' },
  partOf: [project],
  shows: project,
  freshFor: 'projects',
});

/** `POST /projects/:project_id/edit`. Undefined: it was carried out, but the answer carries no project. */
export const editProject = write('POST /projects/:project_id/edit', {
  payload: a<WireProjectEdit>(),
  documented: { project: PROJECT },
  answer: (about, answer) => (isObject(answer.project) ? decodeProject(about, answer.project) : undefined),
  repeats: { id: 'project_id' },
  touches: [project],
  refusals: { 0: 'account expired', 1: 'nothing to edit' },
});

/**
 * `POST /projects/:project_id/remove`. The fate of the project's scripts and users is not documented: a script
 * is read by itself, and stays as it is.
 */
export const removeProject = write('POST /projects/:project_id/remove', { touches: [project] });
