#ifndef RFPP_TESTS_MODEL_TINY_FAMILIES_HPP
#define RFPP_TESTS_MODEL_TINY_FAMILIES_HPP

#include "rfpp/model/codeformer.hpp"
#include "rfpp/model/gfpgan.hpp"
#include "rfpp/model/gpen.hpp"
#include "rfpp/model/vqfr.hpp"

// The small configurations that the golden values were made with, of the networks that have specs of their own.

namespace rfpp::test {

struct CodeFormerTiny {
  static constexpr const char* name = "codeformer tiny";
  static constexpr CodeFormerSpec spec{.resolution = 64,
                                       .channels = 32,
                                       .levels = 3,
                                       .multipliers = {1, 2, 4},
                                       .fusion = 32 | 64,
                                       .latent = 32,
                                       .codebook_entries = 64,
                                       .layers = 2,
                                       .width = 64,
                                       .heads = 8,
                                       .hidden = 128};
};
struct GfpganTiny {
  static constexpr const char* name = "gfpgan tiny";
  static constexpr GfpganSpec spec{{64, 64, 4, {64, 64, 64, 64, 32}}};
};
struct GpenTiny {
  static constexpr const char* name = "gpen tiny";
  static constexpr GpenSpec spec{{64, 64, 4, {32, 32, 32, 32, 16}}};
};
struct VqfrTiny {
  static constexpr const char* name = "vqfr tiny";
  static constexpr VqfrSpec spec{
      .channels = 32, .levels = 3, .multipliers = {1, 2, 4}, .latent = 32, .codebook_entries = 64};
};

}  // namespace rfpp::test

#endif
