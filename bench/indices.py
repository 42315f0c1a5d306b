#!/usr/bin/env python3
"""Counts codebook indices of real faces that PyTorch's float32 gets otherwise than rfpp's double.

Reads what bench_indices wrote, and the weights that it used (`forward --hashed --save-weights FILE` writes the
deterministic ones). Runs in the virtual environment that compare.py makes.
"""
import argparse

import compare_network
import torch
from safetensors import safe_open
from safetensors.torch import load_file


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("indices", help="the file that bench_indices wrote")
    parser.add_argument("weights", help="checkpoint (safetensors)")
    options = parser.parse_args()
    network = compare_network.RestoreFormerPlusPlus().eval()
    network.load_state_dict(load_file(options.weights))
    differing = total = 0
    with safe_open(options.indices, "pt") as file, torch.no_grad():
        images, indices = file.get_slice("images"), file.get_tensor("indices")
        for i, expected in enumerate(indices):
            image = images[i:i + 1].permute(0, 3, 1, 2).contiguous()
            latent, _ = network.encoder(image)
            _, found = network.quantize(network.quant_conv(latent))
            differing += (found.flatten() != expected.flatten()).sum().item()
            total += expected.numel()
    print(f"{differing} of {total} indices of {len(indices)} faces are other than double's: "
          f"PyTorch {torch.__version__} float32")


if __name__ == "__main__":
    main()
