#!/usr/bin/env python3
"""Times a training step of bench/step.cpp's small network in rfpp and in PyTorch, in turn, and prints the ratio.

Runs in the virtual environment that compare.py makes: build/compare/venv/bin/python bench/step.py BENCH_STEP
"""
import argparse, json, statistics, subprocess, time

import compare_network
import torch

ROUNDS, RUNS = 3, 3


def network():
    compare_network.WIDTHS = [32 * multiple for multiple in (1, 2, 2, 4, 8)]
    compare_network.LAST = 4
    return compare_network.RestoreFormerPlusPlus()


def step(model, image):
    model.zero_grad()
    restored, _ = model(image)
    ((restored - image) ** 2).sum().backward()


def torch_seconds(model, image):
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        step(model, image)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench_step", help="the program that bench/step.cpp makes")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    models = {}
    for name in ("contiguous_format", "channels_last"):
        layout = getattr(torch, name)
        image = torch.rand(options.batch, 3, 256, 256).mul(2).sub(1).contiguous(memory_format=layout)
        models[name] = network().to(memory_format=layout), image
        step(*models[name])
    ratios = {name: [] for name in models}
    for _ in range(ROUNDS):
        ours = json.loads(subprocess.check_output([options.bench_step, "--batch", str(options.batch), "--threads",
                                                   str(options.threads), "--repeats", str(RUNS)]))
        rfpp = statistics.median(ours["seconds"])
        for name, arguments in models.items():
            seconds = torch_seconds(*arguments)
            ratios[name].append(seconds / rfpp)
            print(f"rfpp {rfpp:.2f} s, PyTorch {torch.__version__} {name} {seconds:.2f} s")
    for name, values in ratios.items():
        print(f"{name}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}) times rfpp's step")


if __name__ == "__main__":
    main()
