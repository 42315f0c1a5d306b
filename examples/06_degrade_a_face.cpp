// A degradation of one's own: an old print, scanned. 06_degrade_a_face face.png degraded.png
#include <algorithm>
#include <cstdio>
#include <exception>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/degrade/degradation.hpp"
#include "rfpp/degrade/image.hpp"
#include "rfpp/photo/restore.hpp"
#include "rfpp/restorer.hpp"

using namespace rfpp;

/// A functor is a struct with a value for scalars and SIMD registers alike; what is to be trained through
/// also has an adjoint. This one loses contrast, most of it in the dark.
struct Fade {
  static constexpr const char* name = "fade";
  float black;
  template <class T> RFPP_HD T operator()(T x) const { return splat<T>(black) + splat<T>(1 - black) * x; }
};

/// {1,h,w,3} in [0, 1] to the clean and the degraded image in [-1, 1].
degrade::DegradedPair old_print(auto& ex, const Tensor<float>& face, std::uint64_t seed) {
  const Extents e = face.extents();
  degrade::Degradation scan;
  scan.stages = {degrade::Blur{.size = 41, .sigma_x = 2, .sigma_y = 2}, degrade::Downsample{4},
                 degrade::GaussianNoise{8, {seed, 0, 1}}, degrade::Jpeg{60}, degrade::Resize{e.h, e.w}};
  scan.gray = true;
  return degrade::degrade(ex, scan, eval(ex, map(Fade{0.3F}, face)));
}

int main(int argc, char** argv) try {
  if (argc != 3) throw Error("usage: 06_degrade_a_face face.png degraded.png");
  const auto face = degrade::to_unit_tensor(load_image(argv[1]));
  Cpu ex;
  const auto degraded = old_print(ex, face, 1).degraded, again = old_print(ex, face, 1).degraded,
             other = old_print(ex, face, 2).degraded;
  save_image(argv[2], photo::to_image(degraded));

  // Random numbers depend on the seed alone: the same on any number of threads, and on a GPU.
  const bool same = std::ranges::equal(degraded.elements(), again.elements());
  const bool differs = !std::ranges::equal(degraded.elements(), other.elements());
  const float darkest = std::ranges::min(degraded.elements());
  std::printf("%s: darkest %.2f; seed 1 twice: %s, seed 2: %s\n", argv[2], static_cast<double>(darkest),
              same ? "the same bits" : "different", differs ? "different" : "the same bits");
  return same && differs && darkest > -0.8F ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
