"""GFPGAN (clean) in PyTorch, with the published checkpoints' names. compare.py exports it to the other runtimes. The styles scale
the input and the output of each modulated convolution, which other runtimes take better than a weight of every image's own;
noise is what the checkpoint stores."""
import math

import torch
import torch.nn.functional as F
from torch import nn

WIDTHS = [512, 512, 512, 512, 512, 256, 128, 64]  # at sides 4, 8, ..., 512
LEVELS, STYLE = 7, 512


def resize(x, factor):
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


class ModulatedConv2d(nn.Module):
    def __init__(self, inputs, outputs, kernel, demodulate):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, outputs, inputs, kernel, kernel))
        self.modulation = nn.Linear(STYLE, inputs)
        self.padding, self.demodulate = kernel // 2, demodulate

    def forward(self, x, style):
        factors, weight = self.modulation(style), self.weight[0]
        y = F.conv2d(x * factors[:, :, None, None], weight, padding=self.padding)
        if not self.demodulate:
            return y
        return y * torch.rsqrt((factors**2) @ (weight**2).sum((2, 3)).T + 1e-8)[:, :, None, None]


class StyleConv(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.modulated_conv = ModulatedConv2d(inputs, outputs, 3, True)
        self.weight, self.bias = nn.Parameter(torch.empty(1)), nn.Parameter(torch.empty(1, outputs, 1, 1))

    def forward(self, x, style, noise):
        return F.leaky_relu(self.modulated_conv(x, style) * math.sqrt(2) + self.weight * noise + self.bias, 0.2)


class ToRGB(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.modulated_conv = ModulatedConv2d(inputs, 3, 1, False)
        self.bias = nn.Parameter(torch.empty(1, 3, 1, 1))

    def forward(self, x, style, below=None):
        image = self.modulated_conv(x, style) + self.bias
        return image if below is None else image + resize(below, 2)


class ResBlock(nn.Module):
    def __init__(self, inputs, outputs, factor):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(inputs, inputs, 3, padding=1), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.skip, self.factor = nn.Conv2d(inputs, outputs, 1, bias=False), factor

    def forward(self, x):
        h = resize(F.leaky_relu(self.conv1(x), 0.2), self.factor)
        return F.leaky_relu(self.conv2(h), 0.2) + self.skip(resize(x, self.factor))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.constant_input = nn.ParameterDict(dict(weight=torch.empty(1, WIDTHS[0], 4, 4)))
        self.style_conv1, self.to_rgb1 = StyleConv(WIDTHS[0], WIDTHS[0]), ToRGB(WIDTHS[0])
        self.style_convs = nn.ModuleList(StyleConv(WIDTHS[(i + 1) // 2], WIDTHS[i // 2 + 1]) for i in range(2 * LEVELS))
        self.to_rgbs = nn.ModuleList(ToRGB(width) for width in WIDTHS[1:])
        self.style_mlp = nn.ModuleDict({str(2 * i + 1): nn.Linear(STYLE, STYLE) for i in range(8)})  # unused
        self.noises = nn.ParameterDict({f"noise{i}": torch.empty(1, 1, 2**((i + 5) // 2), 2**((i + 5) // 2))
                                        for i in range(2 * LEVELS + 1)})


class Gfpgan(nn.Module):
    def __init__(self):
        super().__init__()
        unet = [width // 2 for width in WIDTHS]
        conv = lambda inputs, outputs: nn.Conv2d(inputs, outputs, 3, padding=1)
        pair = lambda width: nn.Sequential(conv(width, width), nn.LeakyReLU(0.2), conv(width, width))
        self.conv_body_first = nn.Conv2d(3, unet[-1], 1)
        self.conv_body_down = nn.ModuleList(ResBlock(unet[LEVELS - i], unet[LEVELS - i - 1], 0.5) for i in range(LEVELS))
        self.final_conv = conv(unet[0], unet[0])
        self.final_linear = nn.Linear(16 * unet[0], (2 * LEVELS + 2) * STYLE)
        self.conv_body_up = nn.ModuleList(ResBlock(unet[i], unet[i + 1], 2) for i in range(LEVELS))
        self.condition_scale = nn.ModuleList(pair(width) for width in unet[1:])
        self.condition_shift = nn.ModuleList(pair(width) for width in unet[1:])
        self.toRGB = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in unet[1:])  # unused
        self.stylegan_decoder = Decoder()

    def forward(self, image):
        f, reduced = F.leaky_relu(self.conv_body_first(image), 0.2), []
        for block in self.conv_body_down:
            reduced.append(f := block(f))
        f = F.leaky_relu(self.final_conv(f), 0.2)
        w = self.final_linear(f.flatten(1)).unflatten(1, (-1, STYLE))
        d = self.stylegan_decoder
        noise = [d.noises[f"noise{i}"] for i in range(2 * LEVELS + 1)]
        x = d.style_conv1(d.constant_input["weight"].expand(len(image), -1, -1, -1), w[:, 0], noise[0])
        rgb = d.to_rgb1(x, w[:, 1])
        for i in range(LEVELS):
            f = self.conv_body_up[i](f + reduced[-1 - i])
            x = d.style_convs[2 * i](resize(x, 2), w[:, 2 * i + 1], noise[2 * i + 1])
            half, other = x.chunk(2, 1)
            x = torch.cat([half, other * self.condition_scale[i](f) + self.condition_shift[i](f)], 1)
            x = d.style_convs[2 * i + 1](x, w[:, 2 * i + 2], noise[2 * i + 2])
            rgb = d.to_rgbs[i](x, w[:, 2 * i + 3], rgb)
        return rgb,
