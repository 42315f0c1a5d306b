#!/usr/bin/env python3
"""Times a network in rfpp, PyTorch, ONNX Runtime, OpenVINO and ncnn, with the same weights, in float32.

Installs the other runtimes in a virtual environment of its own (6 GB), builds rfpp's programs, and prints a table in
Markdown. Every runtime runs in a process of its own, one at a time, in several rounds: a machine's speed drifts, so
times are divided by rfpp's of the same round. Exits with 1 where a runtime cannot run, which is said in its row, or its
output is not a float64 run's.
"""
import argparse, datetime, functools, importlib, importlib.metadata, json, os, re, resource, shutil, statistics
import subprocess, sys, time, traceback, venv
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "compare"
PACKAGES = ["torch~=2.6", "onnx~=1.17", "onnxscript<1", "onnxruntime~=1.20", "openvino>=2025", "ncnn~=1.0", "pnnx",
            "numpy~=2.0", "safetensors<1"]
Network = namedtuple("Network", "module name results")  # in PyTorch, and what it returns
NETWORKS = {
    "restoreformer++": Network("compare_network", "RestoreFormerPlusPlus", ["output", "indices"]),
    "codeformer": Network("compare_codeformer", "CodeFormer", ["output", "indices"]),
    "vqfr": Network("compare_vqfr", "Vqfr", ["output", "indices"]),
    "gfpgan": Network("compare_gfpgan", "Gfpgan", ["output"]),
    "gpen-bfr-512": Network("compare_gpen", "Gpen", ["output"]),
}
REPEATS = 3         # in a process, after the first
TIMEOUT = 1200      # seconds, for a process
TOLERANCE = 1e-4    # relative L2 of the image; codebook indices must be equal


OPTIONS = None      # the command line's, as parse_options() returns them


def at(name):
    """The path of one of the files of this network."""
    return WORK / OPTIONS.network / name


def network():
    return NETWORKS[OPTIONS.network]


# Loaders: each returns a function from an image to the network's results, arrays of numpy.

def torch_network():
    import torch
    from safetensors.torch import load_file
    with torch.device("meta"):  # spends no time and memory on initial values
        model = getattr(importlib.import_module(network().module), network().name)().eval()
    weights = load_file(at("weights.safetensors"))  # which say (C) where PyTorch has (1, C, 1, 1)
    model.load_state_dict({name: weights[name].reshape(own.shape) for name, own in model.state_dict().items()}, assign=True)
    return model


def load_torch(threads, layout="contiguous_format", compiled=False):
    import torch
    torch.set_num_threads(threads)
    memory_format = getattr(torch, layout)
    model = torch_network()
    for tensor in model.parameters():
        if tensor.dim() == 4:  # StyleGAN2 has filters of five dimensions, which have no such layout
            tensor.data = tensor.data.to(memory_format=memory_format)
    if compiled:
        torch._inductor.config.freezing = True  # lets it pack the weights; slower without
        model = torch.compile(model, dynamic=False)

    def run(image):
        with torch.no_grad():
            results = model(torch.from_numpy(image).to(memory_format=memory_format))
        return [t.contiguous().numpy() for t in results]  # safetensors writes others in the wrong order
    return run


def load_onnxruntime(threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(at("network.onnx"), options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(network().results, {"image": image})


def load_openvino(threads):
    import openvino
    core = openvino.Core()
    # By default it computes in bfloat16 where the processor has it, which finds other codebook entries.
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(at("network.onnx")), "CPU", options).create_infer_request()

    def run(image):
        results = request.infer({"image": image})
        return [results[name] for name in network().results]
    return run


def load_ncnn(threads):
    import ncnn, numpy

    class Best(ncnn.Layer):
        """ncnn has no argmin or argmax along an axis; pnnx leaves PyTorch's operator in the graph under its own name."""
        def __init__(self, best):
            super().__init__()
            self.one_blob_only, self.best = True, best

        def forward(self, values, indices, options):
            best = self.best(numpy.asarray(values), 1).astype(numpy.int32)
            indices.create(len(best), allocator=options.blob_allocator)
            numpy.asarray(indices)[:] = best.view(numpy.float32)  # the next layer reads the bits as integers
            return 0

    net, layers = ncnn.Net(), {"torch.argmin": Best(numpy.argmin), "torch.argmax": Best(numpy.argmax)}
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
    for name, layer in layers.items():
        net.register_custom_layer(name, lambda layer=layer: layer, lambda layer: None)
    if net.load_param(str(at("network.ncnn.param"))) or net.load_model(str(at("network.ncnn.bin"))):
        raise RuntimeError("ncnn cannot load what pnnx wrote")

    def run(image):
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(image[0]))
        extracted = [extractor.extract(f"out{i}") for i in range(len(network().results))]
        if any(failed for failed, _ in extracted):
            raise RuntimeError("ncnn cannot run what pnnx wrote")
        results = [numpy.array(result) for _, result in extracted]
        return [result.view(numpy.int32) if name == "indices" else result
                for name, result in zip(network().results, results)]
    return run


# Exports, once before the rounds.

def export_reference(image):
    """What all outputs are compared with."""
    import torch
    from safetensors.torch import save_file
    with torch.no_grad():
        results = torch_network().double()(torch.from_numpy(image).double())
    save_file(dict(zip(network().results, results)), at("reference.safetensors"))


def export_onnx(image):
    import torch
    torch.onnx.export(torch_network(), (torch.from_numpy(image),), at("network.onnx"), dynamo=True, external_data=False,
                      input_names=["image"], output_names=network().results)


def export_ncnn(image):
    import pnnx, torch
    for old in at("").glob("network.ncnn.*"):
        old.unlink()  # pnnx reports no failure, and an old file would hide it
    pnnx.export(torch_network(), str(at("network.pt")), (torch.from_numpy(image),), check_trace=False, fp16=False)


Runtime = namedtuple("Runtime", "module load export", defaults=[None])  # module: imported before the clock starts
RUNTIMES = {
    "pytorch": Runtime("torch", load_torch),
    "pytorch-channels-last": Runtime("torch", functools.partial(load_torch, layout="channels_last")),
    "pytorch-compile": Runtime("torch", functools.partial(load_torch, layout="channels_last", compiled=True)),
    "onnxruntime": Runtime("onnxruntime", load_onnxruntime, export_onnx),
    "openvino": Runtime("openvino", load_openvino, export_onnx),
    "ncnn": Runtime("ncnn", load_ncnn, export_ncnn),
}
EXPORTS = {f.__name__: f for f in (export_reference, export_onnx, export_ncnn)}


def result_of(name):
    return at(f"{name}.result.safetensors")


def time_runtime(name, image, threads):
    """Prints of another runtime what bench_face prints of rfpp, and keeps the output."""
    from safetensors.numpy import save_file
    importlib.import_module(RUNTIMES[name].module)
    start = time.perf_counter()
    run = RUNTIMES[name].load(threads)
    measured = {"prepare_seconds": time.perf_counter() - start}
    results = run(image)
    measured |= {"first_seconds": time.perf_counter() - start, "seconds": []}
    for _ in range(REPEATS):
        start = time.perf_counter()
        run(image)
        measured["seconds"].append(time.perf_counter() - start)
    save_file(dict(zip(network().results, results)), result_of(name))
    measured["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(measured))


def do_task(task, threads):
    """An export, or a runtime in one round, in a process of this script's own."""
    from safetensors.numpy import load_file
    try:
        image = load_file(at("input.safetensors"))["input"]
        EXPORTS[task](image) if task in EXPORTS else time_runtime(task, image, threads)
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")  # the reason in the table


class Failure(Exception):
    """Why a process failed, in one line."""


def last_line(command, **options):
    """The last line that a command prints. What else it says matters only if it fails."""
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=TIMEOUT, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"took longer than {TIMEOUT} s")
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        lines = done.stderr.split("\n") if done.returncode > 0 else []  # a signal leaves no reason
        raise Failure(next((line for line in reversed(lines) if line), f"ended with status {done.returncode}"))
    return done.stdout.strip().split("\n")[-1]


def enter_environment(folder):
    """Goes on in the virtual environment, with all packages installed."""
    python = folder / "bin" / "python"
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    if not python.exists():
        venv.create(folder, with_pip=True)
    for package in PACKAGES:  # one by one: a runtime that there is none of here leaves the others
        if subprocess.run([python, "-m", "pip", "install", "--quiet", package]).returncode != 0:
            print(f"{package} cannot be installed", file=sys.stderr)
    os.execv(python, [python, *sys.argv])


def build_programs(folder):
    if not (folder / "CMakeCache.txt").exists():
        subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", "-DRFPP_BUILD_TESTS=OFF",
                        "-DRFPP_BUILD_BENCH=ON"], check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", folder, "--target", "bench_face", "forward"], check=True, stdout=sys.stderr)
    return folder / "bench" / "bench_face", folder / "examples" / "programs" / "rfpp-forward"


def run_forward(forward):
    """Makes the weights and the input, and keeps rfpp's output."""
    import numpy
    from safetensors.numpy import load_file, save_file
    weights, image, size = at("weights.safetensors"), at("input.safetensors"), OPTIONS.size
    random = numpy.random.default_rng(0)
    coarse = random.uniform(-1, 1, (1, 3, size // 32, size // 32)).repeat(32, 2).repeat(32, 3)  # means do not vanish
    fine = random.uniform(-1, 1, (1, 3, size, size))
    save_file({"input": ((coarse + fine) / 2).astype(numpy.float32)}, image)
    model = ["--model", OPTIONS.network]
    last_line([forward, *model, "--hashed", "--save-weights", weights])
    tensors = load_file(weights)
    for name, tensor in tensors.items():
        if "style_conv" in name and tensor.size == 1:
            tensor[:] = 0  # the strength of noise, which every runtime draws in its own way; it is added all the same
    save_file(tensors, weights)
    last_line([forward, *model, "--weights", weights, "--input", image, "--output", result_of("rfpp"),
               "--threads", OPTIONS.threads])


def processor_seconds():
    """Of all processes since the machine started (or stolen by its host), and of this script's since it started."""
    user, nice, system, _, _, irq, soft_irq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK"), own.ru_utime + own.ru_stime


def difference(name):
    """From the reference: the image's relative L2, and how many of how many indices."""
    from numpy.linalg import norm
    from safetensors.numpy import load_file
    found, expected = load_file(result_of(name)), load_file(at("reference.safetensors"))
    image, image0 = found["output"].ravel(), expected["output"].ravel()
    indices, indices0 = ([results[key].ravel() for key in network().results[1:]] for results in (found, expected))
    return (norm(image - image0) / norm(image0), sum(int((a != b).sum()) for a, b in zip(indices, indices0)),
            sum(b.size for b in indices0))


def print_table(options, versions, rounds, failures, disturbance):
    """Also returns whether every runtime ran and agrees."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
    print(f"{options.network}, one face of {options.size}x{options.size}, float32, {options.threads} threads, {processor}, "
          f"{datetime.date.today()}: {', '.join(f'{name} {version}' for name, version in versions.items())}.\n\n"
          "| runtime | seconds, least | times rfpp's | peak MB | prepare s | first result s | error | wrong indices |"
          "\n|---|---|---|---|---|---|---|---|")
    agree = True
    for name in ["rfpp", *options.runtimes]:
        if name in failures:
            print(f"| {name} | cannot run: {failures[name]} |||||||")
            continue
        measured = [r[name] for r in rounds]
        medians = [statistics.median(m["seconds"]) for m in measured]
        ratios = [median / statistics.median(r["rfpp"]["seconds"]) for median, r in zip(medians, rounds)]
        least, peak = min(min(m["seconds"]) for m in measured), max(m["peak_bytes"] for m in measured)
        error, wrong, total = difference(name)
        agree = agree and error < TOLERANCE and wrong == 0
        print(f"| {name} | {statistics.median(medians):.2f}, {least:.2f} "
              f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | {peak / 1e6:.0f} "
              f"| {measured[0]['prepare_seconds']:.1f} | {measured[0]['first_seconds']:.1f} "
              f"| {error:.1e} | {wrong} of {total} |")
    print(f"""
Medians of {len(rounds)} rounds. Others kept {disturbance:.2f} processors busy meanwhile: above 0.1, trust no ratio.
Peak: of the process, Python included except for rfpp.
Prepare, first result: in the first round, imports excluded, caches of compilers empty.
Error: relative L2 of the image against PyTorch in float64. ncnn has no argmin: the script gives it one in numpy.
{"The outputs agree." if agree else "OUTPUTS DISAGREE."}""")
    return agree and not failures


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="restoreformer++")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=512, help="of the face, a multiple of 32, where the network takes several")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=Path, default=WORK / "rfpp", help="CMake's folder for rfpp")
    parser.add_argument("--venv", type=Path, default=WORK / "venv", help="folder of the virtual environment")
    parser.add_argument("--json", type=Path, help="write all measurements to this file, too")
    parser.add_argument("--runtimes", default=",".join(RUNTIMES), help="beside rfpp (default: %(default)s)")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.runtimes = options.runtimes.split(",")
    if unknown := set(options.runtimes) - set(RUNTIMES):
        parser.error(f"unknown runtime: {', '.join(unknown)}")
    return options


def main():
    global OPTIONS
    options = OPTIONS = parse_options()
    if options.task:
        return do_task(options.task, options.threads)
    at("").mkdir(parents=True, exist_ok=True)
    enter_environment(options.venv)
    bench_face, forward = build_programs(options.build)

    cache = WORK / "inductor"
    shutil.rmtree(cache, ignore_errors=True)
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads), "TORCHINDUCTOR_CACHE_DIR": str(cache),
                                "PYTHONDONTWRITEBYTECODE": "1"}  # no __pycache__ among the sources

    def run_task(task):
        print(task, file=sys.stderr)
        return last_line([sys.executable, __file__, "--network", options.network, "--task", task, "--threads", options.threads], env=environment)

    run_forward(forward)
    run_task("export_reference")
    failures = {}
    for task, export in EXPORTS.items():
        needed_by = [name for name in options.runtimes if RUNTIMES[name].export is export]
        try:
            if needed_by:
                run_task(task)
        except Failure as failure:
            failures |= dict.fromkeys(needed_by, str(failure))

    rounds, start, (all_before, own_before) = [], time.perf_counter(), processor_seconds()
    for _ in range(options.rounds):
        rounds.append({"rfpp": json.loads(last_line(
            [bench_face, "--model", options.network, "--weights", at("weights.safetensors"), "--size", options.size, "--threads", options.threads,
             "--precision", "exact", "--repeats", REPEATS]))})
        for name in options.runtimes:
            if name in failures:
                continue
            try:
                rounds[-1][name] = json.loads(run_task(name))
            except Failure as failure:
                failures[name] = str(failure)

    all_after, own_after = processor_seconds()
    disturbance = (all_after - all_before - (own_after - own_before)) / (time.perf_counter() - start)

    def version(package):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return "missing"

    versions = {"rfpp": last_line(["git", "-C", ROOT, "describe", "--always", "--dirty"])}
    versions |= {name: version(name) for name in (re.match(r"\w+", p)[0] for p in PACKAGES)}
    if options.json:
        report = {"network": options.network, "versions": versions, "size": options.size, "threads": options.threads, "disturbance": disturbance,
                  "failures": failures, "rounds": rounds}
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    sys.exit(not print_table(options, versions, rounds, failures, disturbance))


if __name__ == "__main__":
    main()
