"""VQFR (version 2) in PyTorch at fidelity 0, its authors' default, which the main branch has no part in; with the published
checkpoint's names. compare.py exports it to the other runtimes."""
import torch.nn.functional as F
from torch import nn

import compare_codeformer
from compare_codeformer import level, middle
from compare_network import conv3x3, downsample, norm, upsample

WIDTHS = [64 * multiple for multiple in (1, 2, 2, 4, 4, 8)]
LAST = len(WIDTHS) - 1
LATENT, ENTRIES = 256, 1024


class ResnetBlock(compare_codeformer.ResnetBlock):
    shortcut = "residual_func"


def last_convolution(inputs, outputs):
    return nn.Sequential(norm(inputs), nn.SiLU(), conv3x3(inputs, outputs))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = conv3x3(3, WIDTHS[0])
        former = [WIDTHS[max(i - 1, 0)] for i in range(LAST + 1)]
        self.blocks = nn.Sequential(*(nn.Sequential(*([downsample(former[i])] if i else []),
                                                    *level(former[i], width, i == LAST, ResnetBlock))
                                      for i, width in enumerate(WIDTHS)))
        self.mid_blocks = nn.Sequential(*middle(WIDTHS[LAST], ResnetBlock))
        self.conv_out = last_convolution(WIDTHS[LAST], LATENT)

    def forward(self, x):
        return self.conv_out(self.mid_blocks(self.blocks(self.conv_in(x))))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = conv3x3(LATENT, WIDTHS[LAST])
        self.mid_blocks = nn.Sequential(*middle(WIDTHS[LAST], ResnetBlock))
        former = [WIDTHS[min(i + 1, LAST)] for i in range(LAST + 1)]
        self.blocks = nn.Sequential(*(nn.Sequential(*([upsample(former[i])] if i < LAST else []),
                                                    *level(former[i], WIDTHS[i], i == LAST, ResnetBlock))
                                      for i in range(LAST, -1, -1)))
        self.conv_out = last_convolution(WIDTHS[0], 3)

    def forward(self, x):
        return self.conv_out(self.blocks(self.mid_blocks(self.conv_in(x))))


class Vqfr(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()
        self.feat2index = nn.Sequential(nn.LayerNorm(LATENT), nn.Linear(LATENT, ENTRIES))
        self.quantizer = nn.ModuleDict(dict(embedding=nn.Embedding(ENTRIES, LATENT)))

    def forward(self, image):
        latent = self.encoder(image)
        indices = self.feat2index(latent.flatten(2).transpose(1, 2)).argmax(2)
        return self.decoder(self.quantizer["embedding"](indices).transpose(1, 2).reshape(latent.shape)), indices
