#include "rfpp/photo/mask.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "catch.hpp"

using namespace rfpp::photo;

namespace {

Plane noise(int width, int height) {
  Plane plane{width, height, {}};
  unsigned state = 12345;
  for (int i = 0; i < width * height; ++i) {
    state = state * 1664525 + 1013904223;
    plane.values.push_back(static_cast<float>(state >> 8) * 0x1p-24F);
  }
  return plane;
}

double largest_difference(const Plane& a, const Plane& b) {
  REQUIRE(a.width == b.width);
  REQUIRE(a.height == b.height);
  double most = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a.values[i]) - static_cast<double>(b.values[i])));
  }
  return most;
}

/// Calls visit(x, y, dx, dy) for all pixels of the plane and offsets of first .. last in both directions.
template <class Visit> void for_windows(const Plane& plane, int first, int last, Visit visit) {
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      for (int dy = first; dy <= last; ++dy) {
        for (int dx = first; dx <= last; ++dx) visit(x, y, dx, dy);
      }
    }
  }
}

std::size_t index(const Plane& plane, int x, int y) { return static_cast<std::size_t>(y * plane.width + x); }

}  // namespace

TEST_CASE("Erosion is the minimum over the window inside the plane") {
  const Plane plane = noise(37, 23);
  for (const int size : {1, 2, 3, 4, 5, 11, 18, 60}) {
    Plane expected = plane;
    std::fill(expected.values.begin(), expected.values.end(), std::numeric_limits<float>::infinity());
    for_windows(plane, -(size / 2), size - 1 - size / 2, [&](int x, int y, int dx, int dy) {
      if (x + dx < 0 || x + dx >= 37 || y + dy < 0 || y + dy >= 23) return;
      float& value = expected.values[index(plane, x, y)];
      value = std::min(value, plane.values[index(plane, x + dx, y + dy)]);
    });
    INFO("size " << size);
    CHECK(largest_difference(erode(plane, size), expected) == 0);
  }
  CHECK(largest_difference(erode(plane, 0), plane) == 0);
}

TEST_CASE("Blur is the sum over the mirrored window") {
  Plane plane = noise(140, 30);
  for (int y = 0; y < 30; ++y)
    std::fill_n(plane.row(y).begin() + 20, 100, y < 15 ? 1.0F : 0.0F);  // long equal runs
  const auto mirrored = [](int x, int size) { return x < 0 ? -x : x >= size ? 2 * size - 2 - x : x; };
  for (const int radius : {0, 1, 2, 3, 4, 5, 13}) {
    const auto kernel = gaussian_kernel(radius);
    Plane expected{140, 30, std::vector<float>(plane.values.size())};
    for_windows(plane, -radius, radius, [&](int x, int y, int dx, int dy) {
      expected.values[index(plane, x, y)] +=
          kernel[static_cast<std::size_t>(dx + radius)] * kernel[static_cast<std::size_t>(dy + radius)] *
          plane.values[index(plane, mirrored(x + dx, 140), mirrored(y + dy, 30))];
    });
    INFO("radius " << radius);
    CHECK(largest_difference(blur(plane, kernel), expected) < 1e-5);
  }
}

TEST_CASE("Blur of a plane smaller than the window stays within its values") {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 7}, {2, 3}}) {
    const Plane blurred = blur(noise(width, height), gaussian_kernel(20));
    REQUIRE(blurred.values.size() == static_cast<std::size_t>(width * height));
    for (const float value : blurred.values) CHECK((value >= 0 && value <= 1));
  }
}

TEST_CASE("Gaussian kernels sum to 1 and are symmetric") {
  for (int radius = 0; radius <= 30; ++radius) {
    const auto kernel = gaussian_kernel(radius);
    REQUIRE(kernel.size() == static_cast<std::size_t>(2 * radius + 1));
    double sum = 0;
    for (std::size_t i = 0; i < kernel.size(); ++i) {
      sum += static_cast<double>(kernel[i]);
      CHECK(kernel[i] == Approx(kernel[kernel.size() - 1 - i]));
    }
    CHECK(sum == Approx(1).epsilon(1e-5));
  }
}

TEST_CASE("A mask in its region is the part of the mask of the whole canvas") {
  const int size = 64, width = 150, height = 130;
  // Turned and upright; inside, over the left edge and over the right edge.
  for (const auto& [turn, shift] :
       {std::pair{0.3, 40.0}, {0.3, -20.0}, {0.3, 95.0}, {0.0, 40.0}, {0.0, -20.0}, {0.0, 95.0}}) {
    const Affine to_canvas{0.8, -turn, shift, turn, 0.8, 30}, from_canvas = inverse(to_canvas);
    const Rectangle region = touched_region(to_canvas, size, width, height);
    const SquareMask part = square_mask(from_canvas, region, size, 1.5);
    const SquareMask whole = square_mask(from_canvas, {0, 0, width, height}, size, 1.5);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const bool inside = x >= region.x0 && x < region.x1 && y >= region.y0 && y < region.y1;
        const std::size_t i = static_cast<std::size_t>((y - region.y0) * region.width() + x - region.x0);
        const std::size_t j = static_cast<std::size_t>(y * width + x);
        REQUIRE(whole.hard.values[j] == (inside ? part.hard.values[i] : 0));
        REQUIRE(whole.soft.values[j] == Approx(inside ? part.soft.values[i] : 0).margin(1e-6));
      }
    }
  }
}

TEST_CASE("The head's mask is whole on the face and ends inside the crop") {
  for (const Point landmark : ffhq_template) CHECK(head_mask(landmark) == 1);
  CHECK(head_mask({256, 430}) > 0.9F);  // chin
  CHECK(head_mask({256, 90}) > 0.7F);   // hair
  float last = 1;
  for (int x = 256; x < 512; ++x) {  // it falls evenly, and to nothing
    const float value = head_mask({1.0 * x, 272});
    CHECK((value <= last && last - value < 0.03F));
    last = value;
  }
  for (int i = 0; i < 512; ++i) {
    for (const Point edge : {Point{1.0 * i, 2}, {1.0 * i, 509}, {2, 1.0 * i}, {509, 1.0 * i}})
      REQUIRE(head_mask(edge) == 0);
  }
}
