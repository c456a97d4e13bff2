// Runs in: any isolate
/**
 * Turns the spins that precede sleep off and on, to measure what they are good for.
 *
 * @module
 */
import { SpinHabit } from "../memory/spin.ts";

const { look } = SpinHabit.prototype;

/** From now on this isolate spins, or does not. */
export function setSpinning(isOn: boolean): void {
  SpinHabit.prototype.look = isOn ? look : () => "nothing";
}
