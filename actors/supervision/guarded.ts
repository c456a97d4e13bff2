// Runs in: any isolate
/**
 * A single actor that is started again when it fails: a supervisor with one child that nobody sees.
 *
 * @module
 */
import { StartError } from "../../errors.ts";
import type { RestartPolicy } from "../contract.ts";
import type { Ref } from "../ref.ts";
import type { Station } from "../station.ts";
import { ActorMember, type Casting } from "./actor_member.ts";
import { Branch } from "./branch.ts";
import { rulesOf, seatRulesOf } from "./options.ts";
import { SHUTDOWN } from "./seat.ts";

/** Starts an actor that is started again. @throws StartError when its first life does not come up */
export async function spawnAgain(
  station: Station,
  casting: Omit<Casting, "startTimeout">,
  restart: RestartPolicy,
): Promise<Ref> {
  const startTimeout = casting.inline ? 5000 : 30_000;
  const member = new ActorMember(station, { ...casting, startTimeout });
  const rules = seatRulesOf({ restart });
  const branch = new Branch(casting.id, rulesOf({ restart }), [{
    name: casting.id,
    rules,
    member,
  }]);
  branch.events.ended = (_ending, error) => branch.close(SHUTDOWN, error);
  try {
    await branch.start();
  } catch (error) {
    branch.close({ reason: "error", exitCode: 1 });
    throw error instanceof StartError && error.cause instanceof Error ? error.cause : error;
  }
  return member.ref!;
}
