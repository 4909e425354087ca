/**
 * The composition root, first part: features that are loaded with every gateway. To build a gateway without a feature,
 * delete its line and its folder.
 */
export * as compression from './compression/compress.ts';
export * as federation from './federation/federation.ts';
export * as graphiql from './graphiql/page.ts';
export * as live from './live/script-sessions.ts';
export * as online from './online/online-history.ts';
export * as persisted from './persisted/resolve.ts';
export * as websocket from './websocket/socket-upgrade.ts';
