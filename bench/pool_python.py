"""The workloads of pool.ts on Python's Pool: for each line read, runs one and prints its figure."""
import multiprocessing
import sys
import time


def noop(x):
    return x


def submit_one_by_one(pool):
    """Thousands of tasks a second."""
    begun = time.perf_counter()
    for result in [pool.apply_async(noop, (i,)) for i in range(4000)]:
        result.get()
    return 4 / (time.perf_counter() - begun)


def map_ints(pool):
    """Thousands of items a second."""
    items = list(range(100000))
    begun = time.perf_counter()
    pool.map(noop, items)
    return 100 / (time.perf_counter() - begun)


def round_trip(pool):
    """Microseconds of a task."""
    begun = time.perf_counter()
    for i in range(500):
        pool.apply(noop, (i,))
    return (time.perf_counter() - begun) / 500 * 1e6


def main():
    workloads = {"submit": submit_one_by_one, "map": map_ints, "trip": round_trip}
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for line in sys.stdin:
            print(workloads[line.strip()](pool), flush=True)


if __name__ == "__main__":
    main()
