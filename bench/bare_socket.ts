// Runs in: owner
/**
 * What a round trip between two processes costs Deno itself: a byte there and back through a socket, with
 * nothing of Troupe. No message can be faster that is waited for in the event loop.
 *
 * @module
 */

/** A process that sends each byte back. */
export class BareEcho implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #listener: Deno.Listener;
  readonly #socket: Deno.Conn;
  readonly #byte = new Uint8Array(1);

  private constructor(child: Deno.ChildProcess, listener: Deno.Listener, socket: Deno.Conn) {
    this.#child = child;
    this.#listener = listener;
    this.#socket = socket;
  }

  /** Starts it. */
  static async start(): Promise<BareEcho> {
    const path = `${await Deno.makeTempDir()}/echo`;
    const listener = Deno.listen({ transport: "unix", path });
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-lock", import.meta.filename!, path],
    }).spawn();
    return new BareEcho(child, listener, await listener.accept());
  }

  /** There and back. */
  async trip(): Promise<void> {
    await this.#socket.write(this.#byte);
    await this.#socket.read(this.#byte);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    this.#listener.close();
    await this.#child.status;
  }
}

if (import.meta.main) {
  const socket = await Deno.connect({ transport: "unix", path: Deno.args[0] });
  const byte = new Uint8Array(1);
  while (await socket.read(byte) !== null) await socket.write(byte);
}
