#!/usr/bin/env python3
"""Times RestoreFormer++ on a GPU, in rfpp and in PyTorch on the same device, and prints a table in Markdown.

bench/compare_gpu.py BENCH_GPU, by a Python with PyTorch for CUDA; without one, the table has rfpp alone. rfpp runs before
and after PyTorch: where the two differ much, something else used the device. Every measurement is printed as it is made,
and the table has those made so far when the program is stopped.
"""
import argparse, datetime, json, signal, statistics, subprocess, sys

try:
    import torch
except ImportError:
    torch = None
else:
    import compare_network

SIDE, GFLOP = 512, 683  # of a face
BATCHES = (1, 4, 16)
# Dense products a second that the devices' maker states, in TFLOP/s: those of H100 SXM and H200 SXM are the same. Others
# are shown without a share.
HOPPER = {"float32": 67, "TF32": 495, "16 bit": 989}
PEAKS = {"NVIDIA H100 80GB HBM3": HOPPER, "NVIDIA H200": HOPPER}


def rfpp(program, repeats, rows):
    """Adds (runtime, precision, batch) -> milliseconds, bytes to `rows`. Returns milliseconds for a degraded face, None
    where the program did not come so far, and whether it came to its end."""
    degradation = None
    with subprocess.Popen([program, str(repeats)], stdout=subprocess.PIPE, text=True) as process:
        for text in process.stdout:
            print(text, end="", flush=True)
            line = json.loads(text)
            milliseconds = statistics.median(line["milliseconds"])
            if "degradations" in line:
                degradation = milliseconds / line["degradations"]
            else:
                rows["rfpp", line["network"], line["batch"]] = (milliseconds, line["bytes"])
    if process.returncode != 0:
        print(f"{program} ended with {process.returncode}", file=sys.stderr, flush=True)
    return degradation, process.returncode == 0


def torch_modes():
    """name -> (numbers, compiled); channels last but for float32."""
    return {"float32": (torch.float32, False), "TF32": (torch.float32, False), "bfloat16": (torch.bfloat16, False),
            "float16": (torch.float16, False), "float16, compiled with CUDA graphs": (torch.float16, True)}


def pytorch(repeats, rows):
    for name, (numbers, compiled) in torch_modes().items():
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = name == "TF32"
        torch.backends.cudnn.benchmark = True
        layout = torch.contiguous_format if name == "float32" else torch.channels_last
        network = compare_network.RestoreFormerPlusPlus().eval().to("cuda", numbers, memory_format=layout)
        for batch in BATCHES:
            torch.cuda.reset_peak_memory_stats()
            image = torch.rand(batch, 3, SIDE, SIDE, device="cuda", dtype=numbers).mul(2).sub(1)
            image = image.contiguous(memory_format=layout)
            run = network
            if compiled:  # for this shape alone, as rfpp's is
                torch.compiler.reset()
                run = torch.compile(network, mode="reduce-overhead", dynamic=False)
            with torch.no_grad():
                milliseconds = statistics.median(event_times(lambda: run(image), repeats))
            rows["PyTorch", name, batch] = (milliseconds, torch.cuda.max_memory_allocated())
            print(f"PyTorch, {name}, batch {batch}: {milliseconds:.2f} ms", flush=True)
        del network
        torch.cuda.empty_cache()


def event_times(run, repeats):
    for _ in range(5):
        run()
    times = []
    for _ in range(repeats):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        run()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end))
    return times


def device_name():
    if torch is not None:
        return torch.cuda.get_device_name()
    return subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], check=True, capture_output=True,
                          text=True).stdout.splitlines()[0]


def share(device, precision, milliseconds, batch):
    peaks = PEAKS.get(device)
    if peaks is None:
        return ""
    # rfpp's float32 makes three products of smaller numbers for each, the default in the encoder: not counted as work.
    kind = precision if precision in peaks else "16 bit"
    return f"{batch * GFLOP / milliseconds / peaks[kind] * 100:.0f} %"


def print_table(device, repeats, rows, again, degradation):
    version = f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}" if torch else "no PyTorch"
    drift = [abs(again[row][0] / rows[row][0] - 1) for row in again if row in rows]
    drift = f"rfpp's two runs differ by at most {max(drift) * 100:.0f} %" if drift else "one run of rfpp"
    print(f"\n{device}, {version}, {datetime.date.today()}; medians of {repeats}; {drift}.\n\n"
          "| runtime | precision | batch | ms | faces a second | times rfpp's default | MB | of the peak |\n"
          "|---|---|---|---|---|---|---|---|")
    for (runtime, precision, batch), (milliseconds, size) in rows.items():
        default = rows.get(("rfpp", "default", batch))
        ratio = f"{milliseconds / default[0]:.2f}" if default else ""
        print(f"| {runtime} | {precision} | {batch} | {milliseconds:.2f} | {batch / milliseconds * 1000:.0f} "
              f"| {ratio} | {size / 1e6:.0f} | {share(device, precision, milliseconds, batch)} |")
    if degradation is not None:
        print(f"\nDegraded 512x512 faces a second, preset `code`: {1000 / degradation:.0f}.", flush=True)


def main():
    global torch
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench_gpu", help="the program that bench/gpu.cu makes")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    if torch is not None and not torch.cuda.is_available():
        torch = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compare_gpu.py: stopped"))
    device, rows, again, degradation = device_name(), {}, {}, None
    try:
        degradation, whole = rfpp(options.bench_gpu, options.repeats, rows)
        if torch is not None:
            pytorch(options.repeats, rows)
            whole &= rfpp(options.bench_gpu, options.repeats, again)[1]
    finally:
        print_table(device, options.repeats, rows, again, degradation)
    if not whole:
        sys.exit("compare_gpu.py: the table is not whole")


if __name__ == "__main__":
    main()
