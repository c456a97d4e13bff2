// Runs in: any isolate
/**
 * Troupe: Python's `multiprocessing` re-imagined for Deno as typed actors.
 *
 * A process is an actor in a worker with a typed mailbox, a pipe is a duplex channel, a queue is a
 * mailbox for many producers, a pool is a supervisor of workers.
 *
 * @module
 */

// Errors
export {
  AlreadyStartedError,
  AuthenticationError,
  BrokenBarrierError,
  BrokenPipeError,
  BufferTooShortError,
  CancelledError,
  ClosedError,
  DecodeError,
  EmptyError,
  EndOfChannelError,
  ExitError,
  FullError,
  NotOwnerError,
  NotSendableError,
  NotStartedError,
  NotSupportedError,
  RemoteError,
  RestartLimitError,
  StartError,
  StillRunningError,
  TimeoutError,
  TroupeError,
  UnknownMessageError,
  ValidationError,
} from "./errors.ts";
export type { ErrorCode, ExitReason, Issue } from "./errors.ts";

// What can be sent
export { handle } from "./memory/handle.ts";
export type { Handle } from "./memory/handle.ts";
export type { WaitOptions } from "./memory/line.ts";
export type {
  CheckSendable,
  NotSendable,
  SendOptions,
  WhyNotSendable,
} from "./channels/sendable.ts";
export type {
  SchemaInput,
  SchemaOutput,
  SchemaProps,
  SchemaResult,
  StandardSchemaV1,
} from "./channels/schema.ts";

// Channels
export { pipe } from "./channels/pipe.ts";
export type { PipeOptions } from "./channels/pipe.ts";
export type { BlockOptions, Connection } from "./channels/connection.ts";
export { Queue } from "./channels/queue.ts";
export type { QueueOptions, SyncOptions } from "./channels/queue.ts";

// Code that other isolates find
export { task } from "./actors/code.ts";
export type { Target, Task, TaskRef, TaskResult } from "./actors/code.ts";
export { load } from "./actors/load.ts";
export type { ModuleRef } from "./actors/load.ts";

// Actors
export { Actor, defineActor, register } from "./actors/actor.ts";
export type {
  Accepts,
  AcceptsOf,
  ActorArgs,
  ActorClass,
  ActorDef,
  ActorExit,
  ActorRef,
  ActorSpec,
  ActorStats,
  AnyActor,
  AnyRef,
  Context,
  Envelope,
  Host,
  Isolation,
  ItemOf,
  ModuleId,
  PayloadArgs,
  PayloadOf,
  Protocol,
  ReplyOf,
  RestartPolicy,
  Spawn,
  SpawnOptions,
} from "./actors/actor.ts";
export { spawn, warmWorkers } from "./actors/spawn.ts";

// Processes
export { activeChildren, Process } from "./actors/process.ts";
export type { ProcessOptions } from "./actors/process.ts";
export { cpuCount, currentProcess, parentProcess } from "./actors/family.ts";

// Pool
export { currentTask } from "./pool/current.ts";
export type { TaskContext } from "./pool/current.ts";
export { Pool } from "./pool/pool.ts";
export type {
  AsyncResult,
  Callbacks,
  GateOptions,
  Items,
  Latency,
  MapOptions,
  PoolEvent,
  PoolOptions,
  PoolStats,
  ResultIterator,
  Retry,
  RouteBy,
  RouteOptions,
  SchedulingPolicy,
  TaskOptions,
  TaskValue,
} from "./pool/pool.ts";
export { progressBar } from "./pool/progress.ts";

// The last: in a worker of Troupe it begins the worker's life.
import "./actors/entry.ts";
