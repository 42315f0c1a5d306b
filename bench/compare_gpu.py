#!/usr/bin/env python3
"""Times RestoreFormer++ on a GPU, in rfpp and in PyTorch on the same device, and prints a table in Markdown.

bench/compare_gpu.py BENCH_GPU, in an environment with PyTorch for CUDA. rfpp runs before and after PyTorch: where the
two differ much, something else used the device.
"""
import argparse, datetime, json, statistics, subprocess

import torch

import compare_network

SIDE, GFLOP = 512, 683  # of a face
BATCHES = (1, 4, 16)
# Dense products a second that the device's maker states, in TFLOP/s: H100 SXM. Others are shown without a share.
PEAKS = {"NVIDIA H100": {"float32": 67, "TF32": 495, "16 bit": 989}}


def rfpp(program, repeats):
    """Rows (runtime, precision, batch) -> milliseconds, bytes; and milliseconds for a degraded face."""
    lines = subprocess.run([program, str(repeats)], check=True, capture_output=True, text=True).stdout.splitlines()
    rows, degradation = {}, None
    for line in map(json.loads, lines):
        milliseconds = statistics.median(line["milliseconds"])
        if "degradations" in line:
            degradation = milliseconds / line["degradations"]
        else:
            rows["rfpp", line["network"], line["batch"]] = (milliseconds, line["bytes"])
    return rows, degradation


def torch_modes():
    """name -> (numbers, compiled); channels last but for float32."""
    return {"float32": (torch.float32, False), "TF32": (torch.float32, False), "bfloat16": (torch.bfloat16, False),
            "float16": (torch.float16, False), "float16, compiled with CUDA graphs": (torch.float16, True)}


def pytorch(repeats):
    rows = {}
    for name, (numbers, compiled) in torch_modes().items():
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = name == "TF32"
        torch.backends.cudnn.benchmark = True
        layout = torch.contiguous_format if name == "float32" else torch.channels_last
        network = compare_network.RestoreFormerPlusPlus().eval().to("cuda", numbers, memory_format=layout)
        if compiled:
            network = torch.compile(network, mode="max-autotune")
        for batch in BATCHES:
            torch.cuda.reset_peak_memory_stats()
            image = torch.rand(batch, 3, SIDE, SIDE, device="cuda", dtype=numbers).mul(2).sub(1)
            image = image.contiguous(memory_format=layout)
            with torch.no_grad():
                milliseconds = statistics.median(event_times(lambda: network(image), repeats))
            rows["PyTorch", name, batch] = (milliseconds, torch.cuda.max_memory_allocated())
        del network
        torch.cuda.empty_cache()
    return rows


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


def share(device, precision, milliseconds, batch):
    peaks = next((peaks for name, peaks in PEAKS.items() if device.startswith(name)), None)
    if peaks is None:
        return ""
    # rfpp's float32 makes three products of smaller numbers for each, the default in the encoder: not counted as work.
    kind = precision if precision in peaks else "16 bit"
    return f"{batch * GFLOP / milliseconds / peaks[kind] * 100:.0f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench_gpu", help="the program that bench/gpu.cu makes")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    device = torch.cuda.get_device_name()
    first, degradation = rfpp(options.bench_gpu, options.repeats)
    others = pytorch(options.repeats)
    second, _ = rfpp(options.bench_gpu, options.repeats)
    drift = max(abs(second[row][0] / first[row][0] - 1) for row in first)

    print(f"{device}, PyTorch {torch.__version__}, CUDA {torch.version.cuda}, {datetime.date.today()}; medians of "
          f"{options.repeats}; rfpp's two runs differ by at most {drift * 100:.0f} %.\n\n"
          "| runtime | precision | batch | ms | faces a second | times rfpp's default | MB | of the peak |\n"
          "|---|---|---|---|---|---|---|---|")
    for (runtime, precision, batch), (milliseconds, size) in (first | others).items():
        ratio = milliseconds / first["rfpp", "default", batch][0]
        print(f"| {runtime} | {precision} | {batch} | {milliseconds:.2f} | {batch / milliseconds * 1000:.0f} "
              f"| {ratio:.2f} | {size / 1e6:.0f} | {share(device, precision, milliseconds, batch)} |")
    print(f"\nDegraded 512x512 faces a second, preset `code`: {1000 / degradation:.0f}.")


if __name__ == "__main__":
    main()
