/** Ids of the seed that documentation and tests use. They belong together. */
export const seeded = {
  projectId: '65e0a1b2c3d4e5f600000001',
  /** The script with the most sessions. */
  scriptId: '9dlYMuhq9ujYGR1H4gA4d10uUWvoVjtk',
  /** A script of the same project that admits users without a key, with such sessions. */
  freeForAllScriptId: 'B1xPSj7zBdIXn8LaaOk5V5IUuhnJvBLZ',
  /** The script that guests visit, if the sandbox has guests. */
  visitedScriptId: 'YteSakhB9T0Sx9EARKmvuKW387yig7RB',
  /** A script without a session. */
  idleScriptId: 'f3rbdVOxXniLU6u5BhJUGEKJuDEx4Rn2',
  /** The first session of `scriptId`. The next ids describe it. */
  sessionId: '66b2f00d0000000000000001',
  /** The session's user, and the Discord id of this user. */
  userKey: '67c3beef0000000000000001',
  discordId: '365843484059632433',
  robloxId: 10234711811,
  placeId: 606849621,
  jobId: '3f9a2c1e-7b40-4d6a-a1c8-5e2d90b7f314',
  /** With fixed dates, the start of this session and the last day of executions: 2026-02-09, in ms. */
  createdAt: 1770624500000,
  /** Users of the same project without a session: one is blacklisted, one has expired, and the key of one never expires. */
  blacklistedUserKey: '67c3beef0000000000000002',
  expiredUserKey: '67c3beef0000000000000003',
  endlessUserKey: '67c3beef0000000000000004',
  /** A user of the same project without a session, whose key expires a week after the start of the session. */
  expiringUserKey: '67c3beef0000000000000005',
  /** A project whose scripts have confusing names in its list of executions. */
  namesProjectId: '65e0a1b2c3d4e5f600000004',
  /** Its script `Snowball - Arena - Beta`: the name contains the separator of the list. */
  separatorScriptId: 'gEO83vN7Ds2I6KYpe9cZjMylY8UCg1UA',
  /** Its script `total`, named like the sum of the list. */
  totalScriptId: 'hcLGJ7Kbtbq9hkXlLKbb1UwWmv6MAEcR',
  /** A script of the same project without executions, which the list leaves out. */
  unusedScriptId: 'mLbAEH6p5oCYZUmkkt9qQflZvkXpdpld',
} as const;

/** Readable ids for documentation: `…01` for 0, `…02` for 1. */
export function numbered(first: string, index: number): string {
  return first.slice(0, -2) + (index + 1).toString(16).padStart(2, '0');
}

export const firstSystemId = '68ad00000000000000000001';

const dayMs = 86_400_000;

export const adSystemDefaults = {
  key_duration: dayMs,
  max_keys: 1,
  allow_extending: true,
  max_duration: 7 * dayMs,
};

export const seedAdSystems = [
  { ...adSystemDefaults, id: firstSystemId, project_id: seeded.projectId, name: 'Daily key' },
  {
    id: numbered(firstSystemId, 1),
    project_id: seeded.projectId,
    name: 'Weekend key',
    key_duration: 2 * dayMs,
    max_keys: 3,
    allow_extending: false,
    max_duration: 2 * dayMs,
  },
  {
    ...adSystemDefaults,
    id: numbered(firstSystemId, 2),
    project_id: seeded.namesProjectId,
    name: 'Event key',
  },
];

export const seedProjects = [
  'Nightfall Suite',
  'Harvest Tools',
  'Sandbox Experiments',
  'Winter Event',
] as const;

/** A script of the seed; `project` is an index of `seedProjects`. */
interface SeedScript {
  id: string;
  name: string;
  project: 0 | 1 | 2 | 3;
  executions: number;
  sessions: number;
  /** Flags that differ from the default: a licensed, enabled script with heartbeat. */
  flags?: {
    free_for_all?: boolean;
    use_heartbeat?: boolean;
    kick_outdated?: boolean;
    require_sessions?: boolean;
    enabled?: boolean;
  };
}

/** The scripts, sorted by id. The ids have LuaAuth's form: docs/luaauth-api.md#scripts. */
export const seedScripts: readonly SeedScript[] = [
  {
    id: seeded.scriptId,
    name: 'Nightfall Hub',
    project: 0,
    executions: 3_412_998_117,
    sessions: 180,
    flags: { require_sessions: true },
  },
  {
    id: seeded.freeForAllScriptId,
    name: 'Nightfall Lite',
    project: 0,
    executions: 2_704_110_562,
    sessions: 96,
    flags: { free_for_all: true },
  },
  {
    id: 'BoK4eykfM3cNCJpDWzHMhtOFNEpEjMtF',
    name: 'Jailbreak Companion',
    project: 0,
    executions: 418_223_904,
    sessions: 74,
  },
  {
    id: 'DL4HcpsQ9OQniWwr4VC0bH5VidPmNTD2',
    name: 'Arsenal Trainer',
    project: 0,
    executions: 96_440_218,
    sessions: 41,
    flags: { kick_outdated: true },
  },
  {
    id: 'DWwAZoKdheIahfmSOPFt61TpKzlSEmEA',
    name: 'Loader',
    project: 0,
    executions: 61_905_733,
    sessions: 15,
    flags: { use_heartbeat: false },
  },
  {
    id: 'E2p9vOmvZVDlc30qCHlOLdj8I1TIzGtL',
    name: 'Auto Farm',
    project: 1,
    executions: 18_377_640,
    sessions: 33,
    flags: { require_sessions: true },
  },
  {
    id: 'HtS0sDYk5LnFBHekLnMYLafDNthm1pDD',
    name: 'Trade Helper',
    project: 1,
    executions: 5_120_087,
    sessions: 22,
  },
  {
    id: 'PQXBuHUcI26NHqLEqOT7IbH7nLcKxsUW',
    name: 'Quest Tracker',
    project: 1,
    executions: 1_904_311,
    sessions: 9,
    flags: { free_for_all: true },
  },
  {
    id: 'VlsbEgp7CEq6UEoCMYyvJ673C7U10Ebm',
    name: 'Harvest (legacy)',
    project: 1,
    executions: 733_215,
    sessions: 2,
    flags: { enabled: false, kick_outdated: true },
  },
  { id: seeded.visitedScriptId, name: 'UI Kit Preview', project: 2, executions: 12_806, sessions: 4 },
  {
    id: 'ZGpnARBEttGpcZOWz8Wc0kP2ktWYbtxz',
    name: 'Telemetry Test',
    project: 2,
    executions: 941,
    sessions: 1,
    flags: { use_heartbeat: false },
  },
  {
    id: seeded.idleScriptId,
    name: 'New Script',
    project: 2,
    executions: 0,
    sessions: 0,
    flags: { enabled: false },
  },
  {
    id: seeded.separatorScriptId,
    name: 'Snowball - Arena - Beta',
    project: 3,
    executions: 84_920,
    sessions: 0,
  },
  { id: seeded.totalScriptId, name: 'total', project: 3, executions: 30_415, sessions: 0 },
  { id: seeded.unusedScriptId, name: 'Sleigh', project: 3, executions: 0, sessions: 0 },
];
