"""RestoreFormer++ in PyTorch, with the published checkpoint's names. compare.py exports it to the other runtimes."""
from collections import OrderedDict

import torch.nn.functional as F
from torch import nn

WIDTHS = [64 * multiple for multiple in (1, 2, 2, 4, 4, 8)]
LAST = len(WIDTHS) - 1
GROUPS, ENCODER_BLOCKS, DECODER_BLOCKS = 32, 2, 3
ATTENDED = 2  # levels of the decoder, from the lowest
HEADS, LATENT, ENTRIES = 4, 256, 1024


def norm(channels):
    return nn.GroupNorm(GROUPS, channels, eps=1e-6)


def conv3x3(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def downsample(channels):
    return nn.Sequential(OrderedDict(pad=nn.ZeroPad2d((0, 1, 0, 1)), conv=nn.Conv2d(channels, channels, 3, stride=2)))


def upsample(channels):
    return nn.Sequential(OrderedDict(nearest=nn.Upsample(scale_factor=2), conv=conv3x3(channels, channels)))


class ResnetBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), conv3x3(inputs, outputs)
        self.norm2, self.conv2 = norm(outputs), conv3x3(outputs, outputs)
        self.nin_shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        return self.nin_shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm1, self.norm2 = norm(channels), norm(channels)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x, features=None):
        """Queries from the degraded face's features, or from x; keys and values from x."""
        x1 = self.norm1(x)
        query = x1 if features is None else self.norm2(features)
        q, k, v = (t.unflatten(1, (HEADS, -1)).flatten(3).transpose(2, 3)
                   for t in (self.q(query), self.k(x1), self.v(x1)))
        return x + self.proj_out(F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(x.shape))


def middle(channels):
    return nn.ModuleDict(dict(block_1=ResnetBlock(channels, channels), attn_1=Attention(channels),
                              block_2=ResnetBlock(channels, channels)))


class Level(nn.Module):
    def __init__(self, inputs, outputs, blocks, attention):
        super().__init__()
        self.block = nn.ModuleList(ResnetBlock(outputs if j else inputs, outputs) for j in range(blocks))
        self.attn = nn.ModuleList(Attention(outputs) for _ in range(blocks if attention else 0))

    def forward(self, x, features=None):
        for j, block in enumerate(self.block):
            x = block(x)
            if self.attn:
                x = self.attn[j](x, features)
        return x


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = conv3x3(3, WIDTHS[0])
        self.down = nn.ModuleList(Level(WIDTHS[max(i - 1, 0)], width, ENCODER_BLOCKS, i == LAST) for i, width in enumerate(WIDTHS))
        for level, width in zip(self.down[:LAST], WIDTHS):
            level.downsample = downsample(width)
        self.mid = middle(WIDTHS[LAST])
        self.norm_out, self.conv_out = norm(WIDTHS[LAST]), conv3x3(WIDTHS[LAST], LATENT)

    def forward(self, x):
        """The latent, and what the decoder attends to: a tensor of every level, and the middle's."""
        x, features = self.conv_in(x), []
        for level in self.down[:LAST]:
            features.append(level(x))
            x = level.downsample(features[-1])
        features.append(self.mid.block_1(self.down[LAST](x)))
        features.append(self.mid.block_2(self.mid.attn_1(features[-1])))
        return self.conv_out(F.silu(self.norm_out(features[-1]))), features


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = conv3x3(LATENT, WIDTHS[LAST])
        self.mid = middle(WIDTHS[LAST])
        self.up = nn.ModuleList(Level(WIDTHS[min(i + 1, LAST)], width, DECODER_BLOCKS, i > LAST - ATTENDED)
                                for i, width in enumerate(WIDTHS))
        for level, width in zip(self.up[1:], WIDTHS[1:]):
            level.upsample = upsample(width)
        self.norm_out, self.conv_out = norm(WIDTHS[0]), conv3x3(WIDTHS[0], 3)

    def forward(self, z, features):
        *features, middle = features
        x = self.mid.block_2(self.mid.attn_1(self.mid.block_1(self.conv_in(z)), middle))
        for i in range(LAST, 0, -1):
            x = self.up[i].upsample(self.up[i](x, features[i]))
        return self.conv_out(F.silu(self.norm_out(self.up[0](x))))


class Codebook(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(ENTRIES, LATENT)

    def forward(self, z):
        """The nearest entry of every cell, and its index. The batch stays an axis of its own: pnnx needs that."""
        cells, entries = z.flatten(2).transpose(1, 2), self.embedding.weight
        distances = (cells**2).sum(2, keepdim=True) + (entries**2).sum(1) - 2 * cells @ entries.T
        indices = distances.argmin(2)
        return self.embedding(indices).transpose(1, 2).reshape(z.shape), indices


class RestoreFormerPlusPlus(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder, self.quantize = Encoder(), Decoder(), Codebook()
        self.quant_conv, self.post_quant_conv = nn.Conv2d(LATENT, LATENT, 1), nn.Conv2d(LATENT, LATENT, 1)

    def forward(self, image):
        latent, features = self.encoder(image)
        entries, indices = self.quantize(self.quant_conv(latent))
        return self.decoder(self.post_quant_conv(entries), features), indices
