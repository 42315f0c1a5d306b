#!/usr/bin/env python3
"""Times Real-ESRGAN's x2plus on one tile in rfpp, PyTorch and ncnn, in float32, one after the other in each round.

    python3 bench/upscale.py BENCH_UPSCALE    # build/bench/bench/bench_upscale; needs torch~=2.6, ncnn and pnnx

Weights are random: they change nothing but the picture. Prints the least wall and processor seconds of all rounds, and
each runtime's least processor time divided by rfpp's: on a busy machine that is the fairer ratio.
"""
import argparse, json, os, resource, subprocess, sys, tempfile, time
from pathlib import Path


def network(torch):
    """The network, from a picture whose pixels are unshuffled to 12 channels: ncnn has no layer that does it."""
    from torch import nn
    from torch.nn.functional import interpolate, leaky_relu

    class Dense(nn.Module):
        def __init__(self):
            super().__init__()
            self.convs = nn.ModuleList(nn.Conv2d(64 + 32 * i, 32 if i < 4 else 64, 3, padding=1) for i in range(5))

        def forward(self, x):
            features = [x]
            for conv in self.convs[:-1]:
                features.append(leaky_relu(conv(torch.cat(features, 1)), 0.2))
            return x + 0.2 * self.convs[-1](torch.cat(features, 1))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.Sequential(Dense(), Dense(), Dense())

        def forward(self, x):
            return x + 0.2 * self.blocks(x)

    class RrdbNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Conv2d(12, 64, 3, padding=1), nn.Conv2d(64, 3, 3, padding=1)
            self.body = nn.Sequential(*(Block() for _ in range(23)))
            self.after, self.up1, self.up2, self.hr = (nn.Conv2d(64, 64, 3, padding=1) for _ in range(4))

        def forward(self, image):
            x = self.first(image)
            x = x + self.after(self.body(x))
            for conv in self.up1, self.up2:
                x = leaky_relu(conv(interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
            return self.last(leaky_relu(self.hr(x), 0.2))

    torch.manual_seed(0)
    return RrdbNet().eval()


def load_torch(options, layout):
    import torch
    torch.set_num_threads(options.threads)
    memory_format = getattr(torch, layout)
    model = network(torch).to(memory_format=memory_format)
    image = torch.rand(1, 12, options.size // 2, options.size // 2).to(memory_format=memory_format)

    def run():
        with torch.no_grad():
            model(image)
    return run


def load_ncnn(options):
    import ncnn, numpy, pnnx, torch
    folder = Path(tempfile.mkdtemp())
    image = torch.rand(1, 12, options.size // 2, options.size // 2)
    pnnx.export(network(torch), str(folder / "network.pt"), (image,), check_trace=False, fp16=False)
    net = ncnn.Net()
    net.opt.num_threads = options.threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    if net.load_param(str(folder / "network.ncnn.param")) or net.load_model(str(folder / "network.ncnn.bin")):
        sys.exit("ncnn cannot load what pnnx wrote")

    def run():
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(image[0].numpy()))
        failed, output = extractor.extract("out0")
        if failed or numpy.array(output).shape != (3, 2 * options.size, 2 * options.size):
            sys.exit("ncnn cannot run what pnnx wrote")
    return run


RUNTIMES = {"pytorch": lambda o: load_torch(o, "contiguous_format"),
            "pytorch-channels-last": lambda o: load_torch(o, "channels_last"), "ncnn": load_ncnn}


def time_runtime(options):
    run = RUNTIMES[options.task](options)
    run()
    seconds, processor_seconds = [], []
    for _ in range(options.repeats):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        seconds.append(time.perf_counter() - wall)
        processor_seconds.append(time.process_time() - processor)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "processor_seconds": processor_seconds, "peak_bytes": peak}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench_upscale")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--runtimes", default=",".join(RUNTIMES), help="beside rfpp (default: %(default)s)")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        return time_runtime(options)
    arguments = ["--size", options.size, "--threads", options.threads, "--repeats", options.repeats]
    commands = {"rfpp": [options.bench_upscale, *arguments]}
    for name in options.runtimes.split(","):
        commands[name] = [sys.executable, __file__, options.bench_upscale, *arguments, "--task", name]
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    least, failures = {}, {}
    for _ in range(options.rounds):
        for name, command in commands.items():
            if name in failures:
                continue
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
            if done.returncode != 0:
                failures[name] = done.stderr.strip().split("\n")[-1]
                if name == "rfpp":
                    sys.exit(failures[name])
                continue
            found = json.loads(done.stdout.strip().split("\n")[-1])
            numbers = [min(found["seconds"]), min(found["processor_seconds"]), found["peak_bytes"]]
            least[name] = [min(pair) for pair in zip(least.get(name, numbers), numbers)]
    print(f"RealESRGAN_x2plus, one tile of {options.size}x{options.size}, float32, {options.threads} threads\n\n"
          "| runtime | seconds | processor seconds | times rfpp's | peak MB |\n|---|---|---|---|---|")
    for name, (seconds, processor_seconds, peak) in least.items():
        print(f"| {name} | {seconds:.2f} | {processor_seconds:.2f} "
              f"| {processor_seconds / least['rfpp'][1]:.2f} | {peak / 1e6:.0f} |")
    for name, reason in failures.items():
        print(f"| {name} | cannot run: {reason} ||||")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
