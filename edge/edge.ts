// Runs in: any isolate
/**
 * Actors and pools as typed HTTP on Hono, with metrics and a live dashboard.
 *
 * @module
 */
export { actorRoutes } from "./actor_routes.ts";
export { poolRoutes, publish } from "./pool_routes.ts";
export type { AnyTask, PoolRoutes, PublishedTask } from "./pool_routes.ts";
export { dashboard } from "./dashboard.ts";
export type { DashboardOptions } from "./dashboard.ts";
export { metrics } from "./metrics.ts";
export { Observatory, observatory, observe } from "./observed.ts";
export type { CallTally, ObservedThings } from "./observed.ts";
export type {
  ActorRoutes,
  CommonRoutes,
  Fail,
  FailStatus,
  JobStatus,
  Json,
  Later,
  Mode,
  Plain,
  Post,
  Problem,
  Reply,
  Service,
} from "./contract.ts";
export type { RouteOptions } from "./options.ts";
export type {
  CallFigures,
  DeadLetter,
  LogLine,
  Observable,
  ObservedChild,
  ObservedEvent,
  ObservedLock,
  ObservedPool,
  ObservedQueue,
  ObservedSupervisor,
  Snapshot,
  TreeNode,
} from "./contract_observed.ts";
export type { Jobs, Work } from "./jobs.ts";
export type { TallyFigures } from "./tally.ts";
