"""CodeFormer in PyTorch, with the published checkpoint's names. compare.py exports it to the other runtimes."""
import torch
import torch.nn.functional as F
from torch import nn

from compare_network import conv3x3, downsample, norm, upsample

WIDTHS = [64 * multiple for multiple in (1, 2, 2, 4, 4, 8)]
LAST = len(WIDTHS) - 1
LATENT, ENTRIES, TOKENS = 256, 1024, 256
WIDTH, HEADS, HIDDEN, LAYERS = 512, 8, 1024, 9
KEPT = {256: 5, 128: 8, 64: 11, 32: 14}   # the encoder's block whose output is fused, by its side
FUSED = {9: 32, 12: 64, 15: 128, 18: 256}  # the side of what is fused, by the generator's block
FIDELITY = 0.5


class ResnetBlock(nn.Module):
    shortcut = "conv_out"

    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), conv3x3(inputs, outputs)
        self.norm2, self.conv2 = norm(outputs), conv3x3(outputs, outputs)
        self.add_module(self.shortcut, nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1))

    def forward(self, x):
        h = self.conv1(F.silu(self.norm1(x)))
        return getattr(self, self.shortcut)(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm = norm(channels)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x):
        h = self.norm(x)
        q, k, v = (layer(h).flatten(2).transpose(1, 2).unsqueeze(1) for layer in (self.q, self.k, self.v))
        return x + self.proj_out(F.scaled_dot_product_attention(q, k, v).squeeze(1).transpose(1, 2).reshape(x.shape))


def level(inputs, outputs, attention, block=ResnetBlock):
    blocks = []
    for j in range(2):
        blocks += [block(outputs if j else inputs, outputs)] + ([Attention(outputs)] if attention else [])
    return blocks


def middle(channels, block=ResnetBlock):
    return [block(channels, channels), Attention(channels), block(channels, channels)]


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        blocks = [conv3x3(3, WIDTHS[0])]
        for i, width in enumerate(WIDTHS):
            blocks += level(WIDTHS[max(i - 1, 0)], width, i == LAST) + ([downsample(width)] if i < LAST else [])
        blocks += middle(WIDTHS[LAST]) + [norm(WIDTHS[LAST]), conv3x3(WIDTHS[LAST], LATENT)]
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x):
        """The latent, and the features to fuse, by their sides."""
        features = {}
        sides = {block: side for side, block in KEPT.items()}
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in sides:
                features[sides[i]] = x
        return x, features


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        blocks = [conv3x3(LATENT, WIDTHS[LAST])] + middle(WIDTHS[LAST])
        for i in range(LAST, -1, -1):
            blocks += level(WIDTHS[min(i + 1, LAST)], WIDTHS[i], i == LAST) + ([upsample(WIDTHS[i])] if i else [])
        self.blocks = nn.ModuleList(blocks + [norm(WIDTHS[0]), conv3x3(WIDTHS[0], 3)])


class Fusion(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.encode_enc = ResnetBlock(2 * channels, channels)
        self.scale, self.shift = (nn.Sequential(conv3x3(channels, channels), nn.LeakyReLU(0.2),
                                                conv3x3(channels, channels)) for _ in range(2))

    def forward(self, encoded, decoded):
        g = self.encode_enc(torch.cat([encoded, decoded], 1))
        return decoded + FIDELITY * (decoded * self.scale(g) + self.shift(g))


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_proj_weight, self.in_proj_bias = nn.Parameter(torch.empty(3 * WIDTH, WIDTH)), nn.Parameter(torch.empty(3 * WIDTH))
        self.out_proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x, positions):
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        q, k, v = (F.linear(t, w, b).unflatten(2, (HEADS, -1)).transpose(1, 2)
                   for t, w, b in zip((x + positions, x + positions, x), weights, biases))
        return self.out_proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class TransformerLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = SelfAttention()
        self.linear1, self.linear2 = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x, positions):
        x = x + self.self_attn(self.norm1(x), positions)
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


def statistics(x):
    """Mean and standard deviation of every channel."""
    flat = x.flatten(2)
    return flat.mean(2)[..., None, None], (flat.var(2) + 1e-5).sqrt()[..., None, None]


class CodeFormer(nn.Module):
    def __init__(self):
        super().__init__()
        self.position_emb = nn.Parameter(torch.empty(TOKENS, WIDTH))
        self.feat_emb = nn.Linear(LATENT, WIDTH)
        self.ft_layers = nn.ModuleList(TransformerLayer() for _ in range(LAYERS))
        self.idx_pred_layer = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, ENTRIES, bias=False))
        self.encoder, self.generator = Encoder(), Generator()
        self.quantize = nn.ModuleDict(dict(embedding=nn.Embedding(ENTRIES, LATENT)))
        self.fuse_convs_dict = nn.ModuleDict({str(side): Fusion(channels) for side, channels in
                                              ((32, 256), (64, 256), (128, 128), (256, 128))})

    def forward(self, image):
        latent, features = self.encoder(image)
        tokens = self.feat_emb(latent.flatten(2).transpose(1, 2))
        for layer in self.ft_layers:
            tokens = layer(tokens, self.position_emb)
        indices = self.idx_pred_layer(tokens).argmax(2)
        x = self.quantize["embedding"](indices).transpose(1, 2).reshape(latent.shape)
        (own, deviation), (mean, wanted) = statistics(x), statistics(latent)
        x = (x - own) / deviation * wanted + mean
        for i, block in enumerate(self.generator.blocks):
            x = block(x)
            if i in FUSED:
                x = self.fuse_convs_dict[str(FUSED[i])](features[FUSED[i]], x)
        return x, indices
