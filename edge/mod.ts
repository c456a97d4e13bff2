// Runs in: any isolate
/**
 * Actors and pools as typed HTTP on Hono, with metrics and a live dashboard.
 *
 * @module
 */
export { actorRoutes } from "./actor_routes.ts";
export { poolRoutes, publish } from "./pool_routes.ts";
export type { PoolRoutes, PublishedTask } from "./pool_routes.ts";
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
  Later,
  Mode,
  Problem,
  Reply,
  RouteOptions,
  Service,
} from "./contract.ts";
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
