"""GPEN-BFR-512 in PyTorch, with the published checkpoint's names. compare.py exports it to the other runtimes. The styles
scale the input and the output of each modulated convolution, which other runtimes take better than a weight of every
image's own."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from compare_gfpgan import LEVELS, STYLE, WIDTHS


def activated(x):
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def filtered(x, kernel, padding):
    channels = x.shape[1]
    return F.conv2d(x, kernel.expand(channels, 1, 4, 4), padding=padding, groups=channels)


class Parameters(nn.Module):
    """Parameters by their names."""
    def __init__(self, **shapes):
        super().__init__()
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.empty(shape)))


class Linear(nn.Module):
    """Weights of variance 1, which a learning rate scales, and the activation."""
    def __init__(self, inputs, outputs, rate=1.0):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.empty(outputs, inputs)), nn.Parameter(torch.empty(outputs))
        self.scale, self.rate = rate / math.sqrt(inputs), rate

    def forward(self, x):
        return activated(F.linear(x, self.weight) * self.scale + self.bias * self.rate)


class Down(nn.Module):
    """A layer of the encoder: 1x1 for the first, the others halve the size."""
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        convolution = Parameters(weight=(outputs, inputs, kernel, kernel))
        bias = Parameters(bias=(outputs,))
        layers = [convolution, bias] if kernel == 1 else [Parameters(kernel=(4, 4)), convolution, bias]
        self.add_module("0", nn.ModuleList(layers))

    def forward(self, x):
        *filters, convolution, bias = getattr(self, "0")
        for f in filters:
            x = filtered(x, f.kernel, 2)
        weight = convolution.weight
        y = F.conv2d(x, weight, stride=2 if filters else 1) / math.sqrt(weight[0].numel())
        return activated(y + bias.bias[:, None, None])


class ModulatedConv2d(nn.Module):
    def __init__(self, inputs, outputs, kernel, demodulate, upsamples):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, outputs, inputs, kernel, kernel))
        self.modulation = Parameters(weight=(inputs, STYLE), bias=(inputs,))
        self.demodulate, self.upsamples = demodulate, upsamples
        self.padding, self.scale = kernel // 2, 1 / math.sqrt(inputs * kernel * kernel)
        if upsamples:
            self.blur = Parameters(kernel=(4, 4))

    def forward(self, x, style):
        factors = F.linear(style, self.modulation.weight) / math.sqrt(STYLE) + self.modulation.bias
        weight, x = self.weight[0], x * factors[:, :, None, None]
        if self.upsamples:
            y = filtered(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), self.blur.kernel, 1)
        else:
            y = F.conv2d(x, weight, padding=self.padding)
        if not self.demodulate:
            return y * self.scale
        energies = (factors**2) @ (weight**2).sum((2, 3)).T * self.scale**2
        return y * (self.scale * torch.rsqrt(energies + 1e-8))[:, :, None, None]


class StyleLayer(nn.Module):
    def __init__(self, inputs, outputs, upsamples=False):
        super().__init__()
        self.conv = ModulatedConv2d(inputs, outputs, 3, True, upsamples)
        self.noise, self.activate = Parameters(weight=(1,)), Parameters(bias=(2 * outputs,))

    def forward(self, x, style, features):
        y = torch.cat([self.conv(x, style), self.noise.weight * features], 1)
        return activated(y + self.activate.bias[:, None, None])


class ToRGB(nn.Module):
    def __init__(self, inputs, adds=True):
        super().__init__()
        self.conv, self.bias = ModulatedConv2d(inputs, 3, 1, False, False), nn.Parameter(torch.empty(1, 3, 1, 1))
        if adds:
            self.upsample = Parameters(kernel=(4, 4))

    def forward(self, x, style, below=None):
        image = self.conv(x, style) + self.bias
        if below is None:
            return image
        kernel = self.upsample.kernel.expand(3, 1, 4, 4)
        return image + F.conv_transpose2d(below, kernel, stride=2, padding=1, groups=3)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.style = nn.ModuleDict({str(i + 1): Linear(STYLE, STYLE, 0.01) for i in range(8)})
        self.input = Parameters(input=(1, WIDTHS[0], 4, 4))
        self.conv1, self.to_rgb1 = StyleLayer(WIDTHS[0], WIDTHS[0]), ToRGB(2 * WIDTHS[0], False)
        self.convs = nn.ModuleList(StyleLayer(2 * WIDTHS[(i + 1) // 2], WIDTHS[i // 2 + 1], i % 2 == 0)
                                   for i in range(2 * LEVELS))
        self.to_rgbs = nn.ModuleList(ToRGB(2 * width) for width in WIDTHS[1:])

    def forward(self, z, features):
        w = z * torch.rsqrt((z**2).mean(1, keepdim=True) + 1e-8)
        for layer in self.style.values():
            w = layer(w)
        x = self.conv1(self.input.input.expand(len(z), -1, -1, -1), w, features[-1])
        rgb = self.to_rgb1(x, w)
        for i in range(LEVELS):
            x = self.convs[2 * i](x, w, features[-2 - i])
            x = self.convs[2 * i + 1](x, w, features[-2 - i])
            rgb = self.to_rgbs[i](x, w, rgb)
        return rgb


class Gpen(nn.Module):
    def __init__(self):
        super().__init__()
        for i in range(LEVELS + 1):
            self.add_module(f"ecd{i}", Down(WIDTHS[LEVELS - i + 1] if i else 3, WIDTHS[LEVELS - i], 3 if i else 1))
        self.final_linear = nn.ModuleList([Linear(16 * WIDTHS[0], STYLE)])
        self.generator = Generator()

    def forward(self, image):
        features = []
        for i in range(LEVELS + 1):
            image = getattr(self, f"ecd{i}")(image)
            features.append(image)
        return self.generator(self.final_linear[0](image.flatten(1)), features),
