// CenterFace on 1024x768 pixels of noise: bench_detect THREADS ROUNDS WEIGHTS. Prints the least seconds of a
// few rounds as JSON, for detect.py.
#include "rfpp/detect/centerface.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/parameters.hpp"

using namespace rfpp;

namespace {

struct Seconds {
  double wall = 1e9, processor = 1e9;
};
template <class F> Seconds least_of(int rounds, F&& f) {
  Seconds least;
  const auto processor = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double before = processor();
    f();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    least = {std::min(least.wall, wall.count()), std::min(least.processor, processor() - before)};
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: bench_detect THREADS ROUNDS WEIGHTS\n"), 1;
  const int threads = std::atoi(argv[1]), rounds = std::atoi(argv[2]);
  Cpu ex(threads);
  CenterFace<> network;
  io::load_parameters(network, argv[3]);
  io::Image photo(1024, 768, 3);
  std::uint32_t state = 1;
  for (std::uint8_t& sample : photo.samples) {
    state = state * 1664525u + 1013904223u;
    sample = static_cast<std::uint8_t>(state >> 24);
  }
  auto image = Tensor<float>::uninitialized({1, photo.height, photo.width, 3});
  std::copy(photo.samples.begin(), photo.samples.end(), image.data());
  prepare(ex, network, image.extents(), {}, RawWeights::drop);
  double sum = 0;
  for (const float v : network(ex, image).heatmap.elements()) sum += static_cast<double>(v);
  const Seconds alone = least_of(rounds, [&] { network(ex, image); });
  const Seconds whole = least_of(rounds, [&] { detect::find_faces(ex, network, photo); });
  std::printf(
      "{\"network\": %g, \"network_processor\": %g, \"photo\": %g, \"photo_processor\": %g, \"heatmap_sum\": "
      "%.9g}\n",
      alone.wall, alone.processor, whole.wall, whole.processor, sum);
}
