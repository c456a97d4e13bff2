// Runs in: any isolate
/**
 * Turns the spins that precede sleep off and on, to measure what they are good for.
 *
 * @module
 */
import { defineActor } from "../troupe.ts";
import { SpinHabit } from "../memory/spin.ts";

const { look } = SpinHabit.prototype;

/** From now on this isolate spins, or does not. */
export function setSpinning(isOn: boolean): void {
  SpinHabit.prototype.look = isOn ? look : () => "nothing";
}

/** Sends back what it gets, spinning or not. */
export const Spinner = defineActor(import.meta, {
  init: () => 0,
  on: {
    echo: <T>(_state: number, value: T): T => value,
    setSpinning: (_state, isOn: boolean): void => setSpinning(isOn),
  },
});
