#include "rfpp/cpu/prepare.hpp"

#include "rfpp/nn/resnet_block.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class T> struct PreparedModel {
  Conv2d<conv3x3(3, 20), T> first;
  ResnetBlock<BlockSpec{20, 33, 1}, T> block;
  Conv2d<ConvolutionSpec{33, 5, 4, 2, 1, 1}, T> last;

  auto operator()(auto& ex, const Tensor<T>& x) const {
    return bare(eval(ex, last(block(ex, eval(ex, first(x))))));
  }
  static void fields(auto&& f, auto&... models) {
    f("first", models.first...);
    f("block", models.block...);
    f("last", models.last...);
  }
};

struct WideModel {
  static constexpr int channels = 2 * cpu::lane_count<float>;
  ResnetBlock<BlockSpec{channels, channels, 1}> block;

  auto operator()(auto& ex, const Tensor<float>& x) const { return bare(block(ex, tag<channels>(x))); }
  static void fields(auto&& f, auto&... models) { f("block", models.block...); }
};

template <class AnyModel> void fill_model(AnyModel& model) {
  std::uint64_t seed = 0;
  walk(
      [&](const std::string&, auto& parameter) {
        using P = std::remove_cvref_t<decltype(parameter)>;
        auto t = random_tensor<typename P::value>(parameter.extents(), ++seed, -0.4, 0.4);
        if constexpr (is_filter<P>)
          parameter.assign(t);
        else
          parameter = t;
      },
      model);
}

/// How many filters of a model have a raw and a packed form.
template <class T> std::pair<int, int> forms(const PreparedModel<T>& model) {
  std::pair<int, int> count;
  walk(
      [&](const std::string&, const auto& parameter) {
        if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>) {
          count.first += parameter.has_raw();
          count.second += parameter.packed().has_storage();
        }
      },
      model);
  return count;
}

template <class T> void check_prepared() {
  PreparedModel<T> model;
  fill_model(model);
  const auto x = random_tensor<T>({2, 14, 9, 3}, 100);
  Cpu one(1), three(3);
  const auto expected = copy_of(model(one, x));
  CHECK(forms(model) == std::pair{5, 0});
  prepare(one, model);
  CHECK(forms(model) == std::pair{5, 5});
  CHECK(same_bits(model(one, x), expected));
  CHECK(same_bits(model(three, x), expected));
  prepare(three, model);  // nothing left to do
  CHECK(same_bits(model(three, x), expected));
  prepare(three, model, RawWeights::drop);
  CHECK(forms(model) == std::pair{0, 5});
  CHECK(same_bits(model(one, x), expected));
  CHECK(same_bits(model(three, x), expected));
}

}  // namespace

TEST_CASE("a prepared model gives the same bits, for any executor, also without its raw weights") {
  check_prepared<float>();
  check_prepared<double>();
}

TEST_CASE("a prepared model outlives the executor that prepared it") {
  PreparedModel<float> model;
  fill_model(model);
  const auto x = random_tensor<float>({1, 8, 8, 3}, 100);
  Cpu ex(2);
  const auto expected = copy_of(model(ex, x));
  {
    Cpu packer(3);
    prepare(packer, model, RawWeights::drop);
  }
  CHECK(same_bits(model(ex, x), expected));
}

TEST_CASE("a weight assigned after prepare is the one that counts") {
  PreparedModel<float> model;
  fill_model(model);
  const auto x = random_tensor<float>({1, 8, 8, 3}, 100);
  Cpu ex(1);
  prepare(ex, model, RawWeights::drop);
  const auto before = copy_of(model(ex, x));
  model.first.weight.assign(random_tensor<float>(model.first.weight.extents(), 77));
  const auto after = copy_of(model(ex, x));
  CHECK(relative_l2(after, before) > 0.01);
  prepare(ex, model);
  CHECK(same_bits(model(ex, x), after));
}

TEST_CASE("a model that was never loaded cannot be prepared") {
  PreparedModel<float> model;
  Cpu ex(1);
  CHECK(contains(error_of([&] { prepare(ex, model); }), "[20,3,3,3]"));
}

TEST_CASE("without raw weights a filter that is not packed for the executor throws") {
  Filter<float> filter({2, 1, 1, 3});
  filter.assign(random_tensor<float>(filter.extents(), 1));
  filter.set_packed({CpuPacking::panels, 3}, Tensor<float>(vector_extents(9)));  // not ours
  Cpu ex(1);
  const auto x = random_tensor<float>({1, 2, 2, 3}, 2);
  auto convolve = [&] { return eval(ex, anchor(ConvolutionCore<Tensor<float>>{{1, 1, 0, 0}, x, filter})); };
  CHECK(relative_l2(convolve(), Tensor<float>({1, 2, 2, 2})) > 0);  // packed anew from the raw weight
  filter.drop_raw();
  CHECK_THROWS_AS(convolve(), Error);
}

TEST_CASE("a plan of packings needs no weights, and is what prepare does") {
  const WideModel declared;
  WideModel model;
  fill_model(model);
  const auto plan = plan_packing(declared, {1, 130, 140, WideModel::channels}, {Precision::fast, true});
  Cpu ex(1);
  prepare(ex, model, {1, 130, 140, WideModel::channels}, {Precision::fast, true});
  std::size_t filters = 0;
  walk(
      [&](const std::string& name, const auto& p) {
        if constexpr (is_filter<std::remove_cvref_t<decltype(p)>>) {
          CHECK(plan.at(name) == p.packing().kind);
          ++filters;
        }
      },
      model);
  CHECK(plan.size() == filters);
}

TEST_CASE("prepared for a size, a model gives the same values at that and other sizes") {
  constexpr int c = WideModel::channels;
  for (const auto precision : {Precision::reference, Precision::exact, Precision::fast}) {
    WideModel direct, packed;
    fill_model(direct);
    fill_model(packed);
    Cpu ex(2);
    prepare(ex, packed, {1, 130, 140, c}, precision, RawWeights::drop);
    CHECK(packed.block.conv1.weight.packing().kind != CpuPacking::panels);
    for (const Extents e : {Extents{1, 130, 140, c}, {2, 9, 11, c}}) {
      const auto x = random_tensor<float>(e, 50);
      check_close(packed(ex, x), direct(ex, x), 1e-5, to_string(e));
    }
  }
}
