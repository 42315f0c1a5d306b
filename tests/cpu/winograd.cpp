#include "rfpp/cpu/winograd.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
using Kind = CpuPacking;

namespace {

constexpr ConvolutionGeometry of_3x3{3, 1, 1, 1};
constexpr int lanes = cpu::lane_count<float>;

struct Scheme {
  Packing::Kind kind;
  const char* name;
  bool upsamples;
  double error;  // relative L2 against double, of inputs without a mean
};
constexpr Scheme schemes[] = {{Kind::winograd_f2, "F2", false, 4e-7},
                              {Kind::winograd_f4, "F4", false, 1.5e-6},
                              {Kind::winograd_f6, "F6", false, 4e-6},
                              {Kind::upsample_f2, "upsampling F2", true, 8e-7},
                              {Kind::upsample_f3, "upsampling F3", true, 8e-7}};

template <class T> Tensor<T> cast(const Tensor<float>& t) {
  auto r = Tensor<T>::uninitialized(t.extents());
  std::ranges::copy(t.elements(), r.data());
  return r;
}

/// silu(x) convolved, plus a residual; of the upsampled x where the case upsamples.
template <class T> struct WinogradLayer {
  Tensor<T> x, bias, residual;
  Filter<T> filter;

  WinogradLayer(Extents e, int out, bool upsample, std::uint64_t seed)
      : x(cast<T>(random_tensor<float>(e, seed))),
        bias(cast<T>(random_tensor<float>(vector_extents(out), seed + 1))),
        residual(cast<T>(
            random_tensor<float>({e.n, upsample ? 2 * e.h : e.h, upsample ? 2 * e.w : e.w, out}, seed + 2))),
        filter({out, 3, 3, e.c}) {
    filter.assign(cast<T>(random_tensor<float>(filter.extents(), seed + 3)));
  }
  Tensor<T> operator()(Cpu& ex, bool upsample) const {
    auto run = [&](const auto& prologue) {
      using X = std::remove_cvref_t<decltype(prologue)>;
      return eval(ex, anchor(ConvolutionCore<X>{of_3x3, prologue, filter}) + bias + residual);
    };
    return upsample ? run(upsample2(silu(x))) : run(silu(x));
  }
};

void check_scheme(const Scheme& c, Extents e, int out) {
  const std::string what = std::string(c.name) + " of " + to_string(e) + " to " + std::to_string(out);
  WinogradLayer<float> layer(e, out, c.upsamples, 7);
  Cpu one(1), three(3);
  one.pack(layer.filter, c.kind);
  const auto y = layer(one, c.upsamples);
  check_close(y, WinogradLayer<double>(e, out, c.upsamples, 7)(three, c.upsamples), c.error, what);
  INFO(what);
  CHECK(same_bits(layer(three, c.upsamples), y));
  for (int n = 0; e.n > 1 && n < e.n; ++n) {
    WinogradLayer<float> alone = layer;
    alone.x = image_of(layer.x, n);
    alone.residual = image_of(layer.residual, n);
    CHECK(same_bits(alone(three, c.upsamples), image_of(y, n)));
  }
}

}  // namespace

TEST_CASE("every scheme is the direct convolution, over sizes, channels, batches and threads") {
  for (const Scheme& c : schemes) {
    for (const auto& [h, w] : {std::pair{1, 1}, {1, 6}, {2, 3}, {7, 5}, {13, 18}, {12, 24}})
      for (int batch : {1, 3}) check_scheme(c, {batch, h, w, lanes}, 3 * lanes);
    for (int in : {1, 2, 5})
      for (int out : {1, 2, 3}) check_scheme(c, {1, 9, 11, in * lanes}, out * lanes);
  }
}

TEST_CASE("every scheme over images of many blocks, cut inside of rows") {
  for (const Scheme& c : schemes) {
    check_scheme(c, {1, 47, 151, 64}, 64);
    check_scheme(c, {2, 150, 49, 64}, 128);
  }
}

TEST_CASE("large filters multiply groups of tile rows, whatever the group") {
  constexpr int channels = 384, columns = 100, part_rows = 30, row = columns * channels;
  WinogradLayer<float> whole({1, 58, columns, channels}, channels, false, 7);
  Cpu ex(2);
  ex.pack(whole.filter, Kind::winograd_f2);
  const cpu::WinogradTiling<cpu::WinogradF2, float> tiling(whole.x.extents(), whole.residual.extents());
  REQUIRE(tiling.by_phases);
  REQUIRE(tiling.group == 15);  // of 29
  const auto rows_from = [&](const Tensor<float>& t, int first) {
    auto part = Tensor<float>::uninitialized({1, part_rows, columns, channels});
    std::copy_n(t.data() + first * row, part_rows * row, part.data());
    return part;
  };
  const auto y = whole(ex, false);
  for (const int first : {0, 28}) {  // each fits into one group, and has the tiles of the whole
    WinogradLayer<float> part = whole;
    part.x = rows_from(whole.x, first);
    part.residual = rows_from(whole.residual, first);
    const auto expected = part(ex, false), found = rows_from(y, first);
    const int inner = first == 0 ? 0 : 1;  // a row that sees the border is another
    CHECK(std::equal(expected.data() + inner * row, expected.data() + (part_rows - 1 + inner) * row,
                     found.data() + inner * row));
  }
}

TEST_CASE("the one-dimensional schemes are exact in rational points") {
  for (const Scheme& c : schemes)
    cpu::with_scheme(c.kind, [&](auto scheme) {
      using S = decltype(scheme);
      const double w[3] = {.7, -1.3, .4};
      double d[S::inputs], v[S::inputs], q[S::products], y[S::outputs];
      for (int i = 0; i < S::inputs; ++i) d[i] = 1 + i * (i - 2.5);
      S::transform_input(d, v);
      for (int i = 0; i < S::products; ++i)
        q[i] = v[S::source[i]] * (S::filter[i][0] * w[0] + S::filter[i][1] * w[1] + S::filter[i][2] * w[2]);
      S::transform_output(q, y);
      for (int i = 0; i < S::outputs; ++i) {
        // Output i reads three neighbors of the input, or of the input with every element twice.
        double expected = 0;
        for (int k = 0; k < 3; ++k) expected += w[k] * d[S::upsamples ? (i + k) / 2 : i + k];
        INFO(c.name << ", output " << i);
        CHECK(std::abs(y[i] - expected) < 2e-6);
      }
    });
}

TEST_CASE("an unpadded convolution is the inside of the padded one, by every scheme that does not upsample") {
  for (const Scheme& c : schemes) {
    if (c.upsamples) continue;
    for (const auto& [h, w] : {std::pair{3, 3}, {4, 9}, {47, 151}}) {
      WinogradLayer<float> layer({2, h, w, 2 * lanes}, lanes, false, 5);
      Cpu ex(2);
      const auto unpadded = [&](const auto& l) {
        return eval(ex,
                    anchor(ConvolutionCore<std::remove_cvref_t<decltype(l.x)>>{{3, 1, 0, 0}, l.x, l.filter}) +
                        l.bias);
      };
      const auto expected = unpadded(WinogradLayer<double>({2, h, w, 2 * lanes}, lanes, false, 5));
      ex.pack(layer.filter, c.kind);
      layer.filter.drop_raw();  // or else it would be packed for another algorithm where this one fails
      check_close(unpadded(layer), expected, c.error, c.name);
    }
  }
}

TEST_CASE("a filter packed for upsampling is packed anew where nothing is upsampled") {
  Cpu ex(2);
  WinogradLayer<float> layer({1, 8, 8, lanes}, lanes, false, 3);
  const auto expected = layer(ex, false);
  ex.pack(layer.filter, Kind::upsample_f3);
  CHECK(same_bits(layer(ex, false), expected));
  layer.filter.drop_raw();
  CHECK_THROWS_AS(layer(ex, false), Error);
}

TEST_CASE("every scheme adds to what is there") {
  Cpu ex(2);
  for (const Scheme& c : schemes) {
    INFO(c.name);
    WinogradLayer<float> layer({1, 13, 9, lanes}, 2 * lanes, c.upsamples, 5);
    ex.pack(layer.filter, c.kind);
    const auto y = copy_of(layer(ex, c.upsamples)), start = random_tensor<float>(y.extents(), 9);
    auto add = [&](const auto& prologue) {
      using X = std::remove_cvref_t<decltype(prologue)>;
      const auto sum = copy_of(start);
      ex.run(sum, anchor(ConvolutionCore<X>{of_3x3, prologue, layer.filter}) + layer.bias + layer.residual,
             true);
      return sum;
    };
    const auto found = c.upsamples ? add(upsample2(silu(layer.x))) : add(silu(layer.x));
    CHECK(same_bits(found, eval(ex, y + start)));
    check_close(eval(ex, moments(found, 1, 1e-6)), eval(ex, moments(copy_of(found), 1, 1e-6)), 1e-5,
                "moments");
  }
}

TEST_CASE("a NaN stays in its image") {
  Cpu ex(2);
  for (const Scheme& c : schemes) {
    WinogradLayer<float> layer({2, 20, 20, lanes}, lanes, c.upsamples, 5);
    ex.pack(layer.filter, c.kind);
    layer.x.data()[layer.x.extents().image_size() + 77] = std::nanf("");
    const auto y = layer(ex, c.upsamples);
    auto nans = [&](int n) {
      return std::ranges::count_if(image_of(y, n).elements(), [](float v) { return std::isnan(v); });
    };
    INFO(c.name);
    CHECK(nans(0) == 0);
    CHECK(nans(1) > 0);
  }
}
