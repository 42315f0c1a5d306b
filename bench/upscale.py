#!/usr/bin/env python3
"""Times Real-ESRGAN's x2plus on one tile in rfpp, PyTorch and ncnn, in float32, one after the other in each round.

    python3 bench/upscale.py BENCH_UPSCALE    # build/bench/bench/bench_upscale; needs torch~=2.6 and ncnn

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


class NcnnFile:
    """An ncnn network, layer by layer: pnnx runs out of memory over this one."""
    def __init__(self, folder):
        self.layers, self.weights, self.path, self.blobs = [], [], folder / "network", 0

    def layer(self, kind, inputs, parameters="", outputs=1):
        names = [f"blob{self.blobs + i}" for i in range(outputs)]
        self.blobs += outputs
        self.layers.append(" ".join([kind, f"layer{len(self.layers)}", str(len(inputs)), str(outputs), *inputs, *names,
                                     parameters]))
        return names

    def split(self, blob, times):
        return self.layer("Split", [blob], outputs=times)

    def convolution(self, blob, conv, leaky=True):
        import numpy
        weight = conv.weight.detach().numpy()
        activation = " 9=2 -23310=1,2.000000e-01" if leaky else ""
        self.weights += [numpy.zeros(1, numpy.int32), weight, conv.bias.detach().numpy()]
        return self.layer("Convolution", [blob],
                          f"0={weight.shape[0]} 1=3 4=1 5=1 6={weight.size}" + activation)[0]

    def residual(self, x, y):
        return self.layer("Eltwise", [x, y], "0=1 -23301=2,1.000000e+00,2.000000e-01")[0]

    def enlarged(self, blob):
        return self.layer("Interp", [blob], "0=1 1=2.000000e+00 2=2.000000e+00")[0]

    def dense(self, x, dense):
        *features, kept = self.split(x, 6)
        growing = [[features[i]] for i in range(5)]
        for i, conv in enumerate(dense.convs):
            joined = growing[i][0] if i == 0 else self.layer("Concat", growing[i], "0=0")[0]
            made = self.convolution(joined, conv, leaky=i < 4)
            if i == 4:
                return self.residual(kept, made)
            for later, copy in zip(growing[i + 1:], self.split(made, 4 - i) if i < 3 else [made]):
                later.append(copy)

    def write(self, model):
        x, kept = self.split(self.convolution(self.layer("Input", [])[0], model.first, leaky=False), 2)
        for block in model.body:
            x, shortcut = self.split(x, 2)
            for dense in block.blocks:
                x = self.dense(x, dense)
            x = self.residual(shortcut, x)
        x = self.layer("BinaryOp", [kept, self.convolution(x, model.after, leaky=False)], "0=0")[0]
        for conv in model.up1, model.up2:
            x = self.convolution(self.enlarged(x), conv)
        output = self.convolution(self.convolution(x, model.hr), model.last, leaky=False)
        self.path.with_suffix(".param").write_text(
            f"7767517\n{len(self.layers)} {self.blobs}\n" + "\n".join(self.layers) + "\n")
        self.path.with_suffix(".bin").write_bytes(b"".join(w.tobytes() for w in self.weights))
        return output


def load_ncnn(options):
    import ncnn, numpy, torch
    model = network(torch)
    image = torch.rand(1, 12, options.size // 2, options.size // 2)
    with tempfile.TemporaryDirectory() as folder:
        file = NcnnFile(Path(folder))
        output = file.write(model)
        net = ncnn.Net()
        net.opt.num_threads = options.threads
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
        if net.load_param(str(file.path.with_suffix(".param"))) or net.load_model(str(file.path.with_suffix(".bin"))):
            sys.exit("ncnn cannot load the network")

    def run():
        extractor = net.create_extractor()
        extractor.input("blob0", ncnn.Mat(image[0].numpy()))
        failed, result = extractor.extract(output)
        if failed:
            sys.exit("ncnn cannot run the network")
        return numpy.array(result)
    with torch.no_grad():
        expected = model(image)[0].numpy()
    error = numpy.linalg.norm(run() - expected) / numpy.linalg.norm(expected)
    if not error < 1e-4:
        sys.exit(f"ncnn's output is {error:.1e} from PyTorch's")
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
