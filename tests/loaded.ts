/**
 * Looks the functions of the C library up before any test runs: the sanitizer of resources takes what
 * is loaded once and kept for a leak of the test that came first.
 *
 * @module
 */
import { libc, whatIsMissing } from "../memory/libc.ts";

if (whatIsMissing() === undefined) Object.values(libc());
