"""degrade.py <program bench_degrade>: degradations here and in OpenCV, on one thread of this machine, in
processor time.

Needs numpy and opencv-python-headless. Both draw from the preset `code` (without shift, uneven squares, gray and haze,
which cost OpenCV's pipeline little).
"""
import json
import subprocess
import sys
import time

import cv2
import numpy as np

SIDE, IMAGES = 512, 100


def kernel(rng):
    size = rng.choice([39, 41])
    sigma_x, sigma_y = rng.uniform(0.1, 10, 2)
    theta = rng.uniform(-np.pi, np.pi)
    if rng.random() < 0.5:
        sigma_y, theta = sigma_x, 0.0
    axis = np.arange(size) - size // 2
    grid = np.stack(np.meshgrid(axis, axis), -1)
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    inverse = np.linalg.inv(turn @ np.diag([sigma_x**2, sigma_y**2]) @ turn.T)
    weights = np.exp(-0.5 * np.sum(grid @ inverse * grid, 2))
    return weights / weights.sum()


def degrade(image, rng):
    degraded = cv2.filter2D(image, -1, kernel(rng))
    ratio = rng.uniform(0.8, 8)
    side = int(SIDE // ratio)
    degraded = cv2.resize(degraded, (side, side), interpolation=cv2.INTER_LINEAR)
    noise = rng.standard_normal(degraded.shape, np.float32) * np.float32(rng.uniform(0, 20) / 255)
    degraded = np.clip(degraded + noise, 0, 1)
    quality = int(rng.uniform(60, 100))
    coded = cv2.imencode(".jpg", np.uint8(np.rint(degraded * 255)), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    degraded = np.float32(cv2.imdecode(coded, cv2.IMREAD_COLOR)) / 255
    degraded = cv2.resize(degraded, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.clip(np.rint(degraded * 255), 0, 255) / 255


def opencv_milliseconds():
    cv2.setNumThreads(1)
    rng = np.random.default_rng(1)
    image = rng.random((SIDE, SIDE, 3), np.float32)
    degrade(image, rng)
    start = time.process_time()
    for _ in range(IMAGES):
        degrade(image, rng)
    return (time.process_time() - start) * 1e3 / IMAGES


def own_milliseconds(program):
    arguments = [program, "--benchmark_filter=degrade_pairs/code", "--benchmark_format=json"]
    report = json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)
    return report["benchmarks"][0]["cpu_time"]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    own, opencv = own_milliseconds(sys.argv[1]), opencv_milliseconds()
    print(f"rfpp {own:.2f} ms an image, OpenCV {cv2.__version__} {opencv:.2f} ms: {opencv / own:.2f} times as fast")
