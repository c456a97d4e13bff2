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


if __name__ == "__main__":
    near, far = mp.Pipe()
    mp.Process(target=flood, args=(far,), daemon=True).start()
    for line in sys.stdin:
        how, what, count = line.rstrip("\n").split("\t")
        figure = many(what, int(count)) if how == "many" else one_way(near, what, int(count))
        print(figure, flush=True)
