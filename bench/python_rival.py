"""The rival: Python's multiprocessing. Reads one demand a line, writes one figure a line."""
import multiprocessing as mp
import sys
import time

SAMPLES = {
    "number": 42,
    "20-character string": "hello actor mailbox!",
    "small object": {
        "type": "add", "id": 12345, "user": "alice", "values": [1, 2, 3, 4.5],
        "nested": {"ok": True, "at": 1700000000000},
    },
}
MEBIBYTES_16 = 16 << 20


def flood(end):
    while True:
        what, count = end.recv()
        if what == "bytes":
            content = bytes(MEBIBYTES_16)
            for _ in range(count):
                end.send_bytes(content)
        else:
            for _ in range(count):
                end.send(SAMPLES[what])


def fill(queue, what, count):
    for _ in range(count):
        queue.put(SAMPLES[what])


def drain(queue, count, done):
    for _ in range(count):
        queue.get()
    done.put(True)


def one_way(near, what, count):
    """Thousands a second, or gigabytes a second for bytes."""
    start = time.perf_counter()
    near.send((what, count))
    for _ in range(count):
        near.recv_bytes() if what == "bytes" else near.recv()
    seconds = time.perf_counter() - start
    return count * MEBIBYTES_16 / seconds / 1e9 if what == "bytes" else count / seconds / 1e3


def many(what, count):
    queue, done = mp.Queue(), mp.Queue()
    people = [mp.Process(target=drain, args=(queue, count // 4, done)) for _ in range(4)]
    people += [mp.Process(target=fill, args=(queue, what, count // 4)) for _ in range(4)]
    start = time.perf_counter()
    for one in people:
        one.start()
    for _ in range(4):
        done.get()
    seconds = time.perf_counter() - start
    for one in people:
        one.join()
    return count / seconds / 1e3


def echo(end):
    while True:
        end.send(end.recv())


def trips(near, pause, count):
    """Microseconds of a round trip, each after a pause in seconds."""
    order = {"type": "order", "id": 123, "price": 12.5, "tags": ["a", "b"]}
    total = 0
    for _ in range(count):
        time.sleep(pause)
        start = time.perf_counter()
        near.send(order)
        near.recv()
        total += time.perf_counter() - start
    return total / count * 1e6


def noop(x):
    return x


def submit_one_by_one(pool, count):
    """Thousands of tasks a second."""
    start = time.perf_counter()
    for result in [pool.apply_async(noop, (i,)) for i in range(count)]:
        result.get()
    return count / (time.perf_counter() - start) / 1e3


def map_ints(pool, count):
    """Thousands of items a second."""
    items = list(range(count))
    start = time.perf_counter()
    pool.map(noop, items)
    return count / (time.perf_counter() - start) / 1e3


def apply_in_turn(pool, count):
    """Microseconds of a task."""
    start = time.perf_counter()
    for i in range(count):
        pool.apply(noop, (i,))
    return (time.perf_counter() - start) / count * 1e6


POOL = {"submit": submit_one_by_one, "map": map_ints, "apply": apply_in_turn}


class Rival:
    """Starts what a demand needs, and keeps it."""

    def __init__(self):
        self.ends = {}
        self.pool = None

    def end_of(self, target):
        if target not in self.ends:
            near, far = mp.Pipe()
            mp.Process(target=target, args=(far,), daemon=True).start()
            self.ends[target] = near
        return self.ends[target]

    def measure(self, how, what, count):
        if how == "many":
            return many(what, count)
        if how == "pipe":
            return one_way(self.end_of(flood), what, count)
        if how == "trip":
            return trips(self.end_of(echo), float(what), count)
        if self.pool is None:
            self.pool = mp.get_context("fork").Pool(2)
        return POOL[how](self.pool, count)


if __name__ == "__main__":
    rival = Rival()
    for line in sys.stdin:
        how, what, count = line.rstrip("\n").split("\t")
        print(rival.measure(how, what, int(count)), flush=True)
    if rival.pool is not None:
        rival.pool.terminate()
