"""Makes the files of this folder with Pillow, an encoder and decoder that is not ours.

The lossless ones hold one 13x7 pattern, the JPEGs one smooth 24x16 pattern (see tests/io/image_read.cpp).
"""
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms, ImageOps

w, h = 13, 7
y, x = np.mgrid[0:h, 0:w]
rgba = np.stack([x * 19, y * 31, (x * y * 7 + 40) % 256, 255 - (x + y) * 9], -1).astype(np.uint8)
rgb, gray, gray_alpha = rgba[..., :3].copy(), rgba[..., 2].copy(), rgba[..., 2:].copy()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, color, raw, interlace=0):
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def rows(pixels):
    return b"".join(b"\0" + row.tobytes() for row in pixels)


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


Image.fromarray(rgb).save("rgb.png")
Image.fromarray(rgba).save("rgba.png")
Image.fromarray(gray).save("gray.png")
Image.fromarray(gray_alpha, "LA").save("gray_alpha.png")
Image.fromarray(rgb).quantize(256).save("palette.png")
Image.fromarray(rgb).save("rgb.bmp")
Image.fromarray(gray).save("gray.bmp")
Image.fromarray(rgb).save("rgb.ppm")
Image.fromarray(gray).save("gray.pgm")
write("fifteen.pgm", b"P5 13 7 15\n" + (gray // 17).tobytes())
write("one_bit.png", png(w, h, 1, 0, rows(np.packbits((x + y) % 3 == 0, axis=1))))
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
write("interlaced.png", png(w, h, 8, 2, b"".join(rows(rgb[y0::dy, x0::dx]) for x0, y0, dx, dy in passes), 1))
header = struct.pack("<IiiHHIIiiII", 40, w, -h, 1, 32, 0, 0, 0, 0, 0, 0)
pixels = rgba[..., [2, 1, 0, 3]].tobytes()
write("top_down.bmp", b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + header + pixels)

# 16 bits: offsets of less than half an 8-bit step, which rounding must take away again
rgb16 = np.clip(rgb.astype(int) * 257 + ((x * 37 + y * 11) % 257 - 128)[..., None], 0, 65535).astype(">u2")
write("rgb16.png", png(w, h, 16, 2, rows(rgb16)))
write("gray16.png", png(w, h, 16, 0, rows(rgb16[..., 2])))
write("rgb16.ppm", b"P6\n# 16 bit\n13 7\n65535\n" + rgb16.tobytes())

y, x = np.mgrid[0:16, 0:24]
smooth = np.stack([x * 10, y * 15, 128 + 0 * x], -1).astype(np.uint8)
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
jpeg = {"quality": 95, "subsampling": 0}
Image.fromarray(smooth).save("baseline.jpg", icc_profile=profile, **jpeg)
Image.fromarray(smooth).save("progressive.jpg", progressive=True, **jpeg)
Image.fromarray(smooth).save("subsampled.jpg", quality=95, subsampling=2)
Image.fromarray(smooth).save("icc.png", icc_profile=profile)
Image.fromarray(smooth[..., 0].copy()).save("gray.jpg", quality=95)
T = Image.Transpose
turns = [None, T.FLIP_LEFT_RIGHT, T.ROTATE_180, T.FLIP_TOP_BOTTOM, T.TRANSPOSE, T.ROTATE_90, T.TRANSVERSE, T.ROTATE_270]
for orientation, turn in enumerate(turns, 1):
    stored = Image.fromarray(smooth)
    stored = stored if turn is None else stored.transpose(turn)
    e = "<" if orientation % 2 else ">"
    tiff = (b"II*\0" if orientation % 2 else b"MM\0*") + struct.pack(e + "IH", 8, 2)
    tiff += struct.pack(e + "HHI4s", 0x10F, 2, 4, b"ABC\0") + struct.pack(e + "HHIHHI", 0x112, 3, 1, orientation, 0, 0)
    name = f"orientation_{orientation}.jpg"
    stored.save(name, exif=b"Exif\0\0" + tiff, **jpeg)
    seen = np.asarray(ImageOps.exif_transpose(Image.open(name))).astype(int)
    assert seen.shape == smooth.shape and abs(seen - smooth).max() < 8

# what must be refused
write("text.png", b"This is not an image.\n")
write("bomb.png", png(64, 64, 8, 2, bytes(8 << 20)))
write("large_20000.png", png(20000, 20000, 8, 2, bytes(500_000)))
data = open("rgb.png", "rb").read()
at = data.index(b"IDAT") - 4
write("chunk_length.png", data[:at] + b"\x7f\xff\xff\xf0" + data[at + 4:])
data = open("gray.jpg", "rb").read()
at = data.index(b"\xff\xc4")
table = struct.pack(">HB", 2 + 17 + 16 * 40, 0) + bytes([40] * 16) + bytes(640)
write("huffman.jpg", data[:at] + b"\xff\xc4" + table + data[at:])
data = open("progressive.jpg", "rb").read()
scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x00\x01" + bytes(8)
write("scans.jpg", data[:data.index(b"\xff\xda")] + scan * 150 + b"\xff\xd9")
