#ifndef RFPP_TESTS_MODEL_FAMILY_HPP
#define RFPP_TESTS_MODEL_FAMILY_HPP

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "model/golden.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"

// What holds for every network that released checkpoints are of.

namespace rfpp::test {

inline std::string described(PackingPolicy policy) {
  return "precision " + std::to_string(static_cast<int>(policy.precision)) +
         (policy.low_memory ? ", low memory" : "");
}

/// The published checkpoint's names and shapes, extents of 1 apart, are in a file of tests/data/model.
template <class N>
void check_published_parameters(const std::string& file, std::size_t tensors, std::size_t elements) {
  const auto expected =
      nlohmann::json::parse(std::ifstream(RFPP_TEST_DATA "/model/" + file)).get<io::ParameterShapes>();
  const auto found = io::parameter_shapes(Network<N>{});
  CHECK(found.size() == tensors);
  for (const auto& [name, shape] : expected) {
    INFO(name);
    REQUIRE(found.contains(name));
    CHECK(io::same_shape(found.at(name), shape));
  }
  CHECK(count_parameters(Network<N>{}).elements == elements);
}

/// Any number of threads, and an image alone or in a batch of three.
template <class N> void check_same_bits_everywhere(int side) {
  Network<N> model;
  fill_hashed(model);
  const auto batch = hashed_tensor<float>("input", {3, side, side, 3});
  Cpu one(1);
  const auto expected = copy_of(model(one, batch).image);
  for (int threads : {2, 3}) {
    Cpu ex(threads);
    CHECK(same_bits(model(ex, batch).image, expected));
  }
  for (int n = 0; n < 3; ++n) CHECK(same_bits(model(one, image_of(batch, n)).image, image_of(expected, n)));
}

/// run(ex, model, image) in the memory that its dry run tells.
template <class N> void check_memory_of_dry_run(int side, bool prepared, auto&& run) {
  Network<N> model;
  fill_hashed(model);
  const Extents input{1, side, side, 3};
  Cpu ex(2);
  if (prepared) prepare(ex, model, input, {}, RawWeights::drop);
  DryRun dry(2);
  run(dry, model, Tensor<float>::declared(input));
  ex.workspace().reserve(dry.peak_bytes());
  const auto image = copy_of(run(ex, model, hashed_tensor<float>("input", input)).image);
  CHECK(ex.workspace().allocated_bytes() == dry.peak_bytes());
  for (float v : image.elements()) REQUIRE(std::isfinite(v));
}

/// Packed with low memory, the filters take at most `share` of what they take without. `planned` is the model as
/// plan_packing runs it.
template <class Planned> void check_low_memory(const Planned& planned, double share) {
  const auto packed_elements = [&](PackingPolicy policy) {
    const PackingPlan plan = plan_packing(planned, {1, 512, 512, 3}, policy);
    std::size_t elements = 0;
    walk(
        [&](const std::string& name, const auto& p) {
          if constexpr (is_filter<std::remove_cvref_t<decltype(p)>>)
            elements += cpu::packed_size<float>(plan.at(name), p.extents());
        },
        planned);
    return static_cast<double>(elements);
  };
  const double low = packed_elements({Precision::exact, true}), full = packed_elements(Precision::exact);
  INFO("low memory takes " << low / full);
  CHECK(low <= share * full);
}

}  // namespace rfpp::test

#endif
