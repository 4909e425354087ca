/** The upstream's answers, as functions of the script's id: nginx is given them as templates, the checks call them. */

/** Requests name one of so many scripts, unless a case says otherwise; the upstream knows every id. */
export const SCRIPTS = 10_000;
/** The session counts that the upstream knows. It tells them apart by id, because nginx does not look at a body. */
export const SESSION_COUNTS = [1, 10, 50, 100] as const;
export type SessionCount = (typeof SESSION_COUNTS)[number];

/** The id of script `index`, one with so many sessions, or with so many on each Roblox server. */
export function scriptId(index: number, sessions: SessionCount = 50): string {
  return `${idPrefix(sessions)}${String(index).padStart(18, '0')}`;
}

export function idPrefix(sessions: SessionCount): string {
  return `5c${String(sessions).padStart(4, '0')}`;
}

/** `GET /scripts/:script_id` */
export function scriptAnswer(id: string) {
  return {
    success: true,
    script: {
      id,
      project_id: '65e0a1b2c3d4e5f600000001',
      name: `Script ${id}`,
      free_for_all: false,
      use_heartbeat: true,
      kick_outdated: false,
      require_sessions: true,
      enabled: true,
      total_executions: 341_299_811,
      total_sessions: 18_204,
      total_instances: 12,
    },
  };
}

/** `POST /scripts/:script_id/sessions` */
export function sessionsAnswer(id: string, count: SessionCount) {
  return listSessions(id, count, '3f9a2c1e-7b40-4d6a-a1c8-5e2d90b7f314', id);
}

/** `GET /scripts/:script_id/sessions/filter` for one Roblox server. */
export function serverSessionsAnswer(id: string, count: SessionCount, jobId: string) {
  return listSessions(id, count, jobId, `${id}-${jobId}`);
}

function listSessions(id: string, count: SessionCount, jobId: string, prefix: string) {
  return {
    success: true,
    sessions: Array.from({ length: count }, (_, index) => ({
      id: `${prefix}-${index}`,
      user_key: `67c3beef00000000000${String(index).padStart(5, '0')}`,
      script_id: id,
      roblox_id: 10_234_711_811 + index,
      place_id: 606_849_621,
      job_id: jobId,
      created_at: 1_770_624_500_000 + index,
    })),
  };
}

/** `GET /scripts/:script_id/executions` */
export function executionsAnswer() {
  return { success: true, executions: { '01/01': 812, '01/02': 945, '01/03': 0 } };
}
