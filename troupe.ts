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
  AlreadyExistsError,
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
  NotFoundError,
  NotOwnerError,
  NotSendableError,
  NotStartedError,
  NotSupportedError,
  RemoteError,
  RestartLimitError,
  StageError,
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
export { PENDING } from "./memory/line.ts";
export type { Room, Waiting, WaitOptions } from "./memory/line.ts";

// Programs that share memory
export { joinArena } from "./memory/named_arena.ts";
export type { Joined, JoinOptions } from "./memory/named_arena.ts";
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

// Shared values
export { RawArray, SharedArray } from "./memory/values/array.ts";
export type {
  Element,
  Lockable,
  RawArrayConstructor,
  SharedArrayConstructor,
  SharedElements,
  Writable,
} from "./memory/values/array.ts";
export type { ScalarCode, Scalars, ScalarViews } from "./memory/values/scalars.ts";
export type { Fields, StructFields } from "./memory/values/shape.ts";
export { SharedMemoryManager } from "./memory/values/memory_manager.ts";
export { ShareableList } from "./memory/values/shareable_list.ts";
export type { Shareable } from "./memory/values/shareable_list.ts";
export { SharedMemory } from "./memory/values/shared_memory.ts";
export type { CloseOptions, SharedMemoryOptions } from "./memory/values/shared_memory.ts";
export { struct } from "./memory/values/struct.ts";
export type { Struct } from "./memory/values/struct.ts";
export { StructArray } from "./memory/values/struct_array.ts";
export { RawValue, Value } from "./memory/values/value.ts";

// Channels
export { pipe } from "./channels/pipe.ts";
export type { PipeOptions } from "./channels/pipe.ts";
export type { BlockOptions, Connection } from "./channels/connection.ts";
export { after } from "./channels/moments.ts";
export { accepting } from "./channels/offers.ts";
export type { Accepting, SendOffer } from "./channels/offers.ts";
export { otherwise, select, selectSync, sending } from "./channels/select.ts";
export type {
  Arm,
  Otherwise,
  Outcome,
  Selected,
  SelectOptions,
  Sending,
} from "./channels/select.ts";
export { wait, waitSync } from "./channels/wait.ts";
export { waitable } from "./memory/waitable.ts";
export type { EndingOffer, Offer, Waitable } from "./memory/waitable.ts";
export { JoinableQueue } from "./channels/joinable_queue.ts";
export type { JoinableQueueOptions } from "./channels/joinable_queue.ts";
export { Queue } from "./channels/queue.ts";
export { SimpleQueue } from "./channels/simple_queue.ts";
export type { QueueOptions, SyncOptions } from "./channels/queue.ts";

// Locks and signals
export { Lock } from "./memory/locks/lock.ts";
export { RLock } from "./memory/locks/rlock.ts";
export { BoundedSemaphore, Semaphore } from "./memory/locks/semaphore.ts";
export { Condition } from "./memory/locks/condition.ts";
export { Event } from "./memory/locks/event.ts";
export { Barrier } from "./memory/locks/barrier.ts";
export type { BarrierOptions, BarrierWait } from "./memory/locks/barrier.ts";
export type { Held, LockTimeout } from "./memory/locks/held.ts";
export type { LockOptions } from "./memory/locks/shared.ts";

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
  ActorState,
  ActorStats,
  AnyActor,
  AnyRef,
  Behaving,
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
export { startHost } from "./actors/host.ts";
export { spawn, warmWorkers } from "./actors/spawn.ts";

// Supervision
export { supervise } from "./actors/supervision/supervise.ts";
export { drainOnSignals } from "./actors/supervision/signals.ts";
export type { Drainable } from "./actors/supervision/signals.ts";
export { link, monitor } from "./actors/supervision/link.ts";
export type { Down } from "./actors/supervision/link.ts";
export { names } from "./actors/names.ts";
export { child, tree } from "./actors/supervision/tree.ts";
export type {
  Child,
  ChildCounts,
  ChildRef,
  Children,
  ChildStatus,
  Subtree,
  Supervisor,
  SupervisorSpec,
} from "./actors/supervision/tree.ts";
export type {
  ChildOptions,
  ChildOptionsOf,
  ChildRules,
  Shutdown,
  SupervisorOptions,
} from "./actors/supervision/options.ts";
export type { AutoShutdown, RestartType, Strategy } from "./actors/supervision/decide.ts";

// Observation
export { events } from "./actors/events.ts";
export type { DeadLetterReason, SystemEvent } from "./actors/events.ts";
export { inspect } from "./actors/inspect.ts";
export type { Inspection } from "./actors/inspect.ts";

// Processes
export { activeChildren, Process } from "./actors/process.ts";
export type { OutputTo } from "./actors/output.ts";
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

// Pipelines
export { Pipeline, pipeline } from "./pool/pipeline/pipeline.ts";
export type { Askable, Branched, Branches, SinkPipeline } from "./pool/pipeline/pipeline.ts";
export type { BatchOptions } from "./pool/pipeline/batch.ts";
export type { FanOptions } from "./pool/pipeline/fan.ts";
export type { Folding, KeyedFolding } from "./pool/pipeline/fold.ts";
export { lines } from "./pool/pipeline/lines.ts";
export { merge } from "./pool/pipeline/merge.ts";
export type { MergedItem } from "./pool/pipeline/merge.ts";
export type { Checkpoint } from "./pool/pipeline/progress.ts";
export type { PipelineRun, RunControl, Running, RunOptions } from "./pool/pipeline/run.ts";
export type { PipelineSink } from "./pool/pipeline/sink.ts";
export type { PipelineSource } from "./pool/pipeline/source.ts";
export type {
  FailurePolicy,
  Stage,
  StageContext,
  StageFailure,
  StageOptions,
  StageRetry,
  StageStats,
} from "./pool/pipeline/stage.ts";
export type { CountWindow, TimeWindow } from "./pool/pipeline/window.ts";

// The last: in a worker of Troupe it begins the worker's life.
import "./actors/entry.ts";
