/**
 * The composition root, second part: features of a process, loaded when needed. To build without a feature, delete its line
 * and its folder.
 */
export const agents = () => import('./agents/open-agents.ts');
export const audit = () => import('./audit/audit-file.ts');
export const commands = () => import('./commands/add-commands.ts');
export const dashboard = () => import('./dashboard/dashboard.ts');
export const differences = () => import('./differences/watch-answers.ts');
export const jwt = () => import('./jwt/token-verifier.ts');
export const metrics = () => import('./metrics/open-metrics.ts');
export const redis = () => import('./redis/open.ts');
export const sandbox = () => import('./sandbox/open-sandbox.ts');
export const tracing = () => import('./tracing/tracing.ts');

export const gateway = () => import('./gateway-features.ts');
