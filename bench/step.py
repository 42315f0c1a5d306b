#!/usr/bin/env python3
"""Times a training step of a small RestoreFormer++ in rfpp and in PyTorch, in turn, and prints the ratio.

Runs in the virtual environment that compare.py makes: build/compare/venv/bin/python bench/step.py BENCH_STEP
"""
import argparse, json, statistics, subprocess, time

import compare_network
import torch

ROUNDS, RUNS = 3, 3


def network():
    compare_network.WIDTHS = [16, 16, 48, 96]
    compare_network.LAST, compare_network.ATTENDED = 3, 1
    compare_network.GROUPS, compare_network.ENCODER_BLOCKS, compare_network.DECODER_BLOCKS = 8, 1, 1
    compare_network.LATENT = 64
    return compare_network.RestoreFormerPlusPlus()


def forward(model, image):
    """The restored faces, and the codebook's term."""
    latent, features = model.encoder(image)
    z = model.quant_conv(latent)
    entries, _ = model.quantize(z)
    term = 0.25 * ((entries - z.detach()) ** 2).mean() + ((entries.detach() - z) ** 2).mean()
    return model.decoder(model.post_quant_conv(z + (entries - z).detach()), features), term


def step(model, adam, degraded, truth):
    adam.zero_grad()
    restored, term = forward(model, degraded)
    ((restored - truth).abs().mean() + term).backward()
    adam.step()


def torch_seconds(*arguments):
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        step(*arguments)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench_step", help="the program that bench/step.cpp makes")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--device", default="cpu", help="cpu or cuda, for both")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--recompute", action="store_true", help="rfpp keeps only what goes into blocks")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    models = {}
    for name in ("contiguous_format", "channels_last"):
        layout = getattr(torch, name)
        images = torch.rand(2, options.batch, 3, 256, 256, device=options.device).mul(2).sub(1)
        model = network().to(options.device, memory_format=layout)
        models[name] = (model, torch.optim.Adam(model.parameters(), 1e-4, (0.9, 0.99)),
                        *(faces.contiguous(memory_format=layout) for faces in images))
        step(*models[name])
    ratios = {name: [] for name in models}
    for _ in range(ROUNDS):
        command = [options.bench_step, "--batch", str(options.batch), "--device", options.device, "--threads",
                   str(options.threads), "--repeats", str(RUNS)] + ["--recompute"] * options.recompute
        ours = json.loads(subprocess.check_output(command))
        if ours["parameters"] != sum(p.numel() for p in models["contiguous_format"][0].parameters()):
            raise SystemExit("the networks have different numbers of parameters")
        rfpp = statistics.median(ours["seconds"])
        for name, arguments in models.items():
            seconds = torch_seconds(*arguments)
            ratios[name].append(seconds / rfpp)
            print(f"rfpp {rfpp:.4f} s, PyTorch {torch.__version__} {name} {seconds:.4f} s")
    for name, values in ratios.items():
        print(f"{name}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f}) times rfpp's step")


if __name__ == "__main__":
    main()
