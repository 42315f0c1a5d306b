#include "rfpp/cpu/reductions.hpp"

#include "cpu/naive.hpp"
#include "rfpp/cpu/cpu.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

int naive_nearest(const float* z, const Tensor<float>& table) {
  const auto c = static_cast<std::size_t>(table.extents().c);
  const int entries = table.extents().n;
  const float* entry_values = table.data();
  int index = -1;
  double best = 1e300;
  for (int entry = 0; entry < entries; ++entry, entry_values += c) {
    double distance = 0;
    for (std::size_t i = 0; i < c; ++i) {
      const double d = static_cast<double>(z[i]) - static_cast<double>(entry_values[i]);
      distance += d * d;
    }
    if (distance < best) {
      best = distance;
      index = entry;
    }
  }
  return index;
}

}  // namespace

TEST_CASE("sums and maxima over channels and over everything") {
  Cpu ex(3);
  for (const Extents e : shapes) {
    INFO(to_string(e));
    const auto x = random_tensor<double>(e, 1);
    const auto channels = static_cast<std::size_t>(e.c);
    Tensor<double> sums({e.n, e.h, e.w, 1}), maxima({e.n, e.h, e.w, 1}), sum(Extents{}), maximum(Extents{});
    maximum.data()[0] = -infinity;
    for (std::size_t p = 0; p < e.pixels(); ++p) {
      maxima.data()[p] = -infinity;
      for (std::size_t c = 0; c < channels; ++c) {
        const double v = x.data()[p * channels + c];
        sums.data()[p] += v;
        maxima.data()[p] = std::max(maxima.data()[p], v);
        sum.data()[0] += v;
        maximum.data()[0] = std::max(maximum.data()[0], v);
      }
    }
    check_close(eval(ex, reduce<Sum>(x, Over::channels)), sums, 1e-13, "sum over channels");
    check_close(eval(ex, reduce<Sum>(x, Over::all)), sum, 1e-11, "sum over all");
    CHECK(same_bits(eval(ex, reduce<Maximum>(x, Over::channels)), maxima));
    CHECK(same_bits(eval(ex, reduce<Maximum>(x, Over::all)), maximum));
  }
}

TEST_CASE("sums and maxima keep a NaN, wherever it is") {
  Cpu ex(2);
  for (int channels : {1, 3, 16, 20, 33, 70})
    for (int place = 0; place < channels; ++place) {
      const auto x = random_tensor<float>({1, 1, 3, channels}, 1);
      x.data()[channels + place] = std::nanf("");
      INFO("channel " << place << " of " << channels);
      for (int over = 0; over < 2; ++over) {
        const auto sum = eval(ex, reduce<Sum>(x, over == 0 ? Over::channels : Over::all));
        const auto maximum = eval(ex, reduce<Maximum>(x, over == 0 ? Over::channels : Over::all));
        CHECK(std::isnan(sum.data()[over == 0 ? 1 : 0]));
        CHECK(std::isnan(maximum.data()[over == 0 ? 1 : 0]));
        if (over == 0) CHECK_FALSE(std::isnan(maximum.data()[2]));
      }
    }
}

TEST_CASE("sums and maxima of nothing, and of infinities") {
  Cpu ex(1);
  const Tensor<float> none({0, 3, 3, 4});
  CHECK(eval(ex, reduce<Sum>(none, Over::all)).data()[0] == 0);
  CHECK(eval(ex, reduce<Maximum>(none, Over::all)).data()[0] == -infinity);
  const auto x = tensor_of<float>({1, 1, 2, 2}, {-infinity, -infinity, infinity, 1});
  CHECK(eval(ex, reduce<Maximum>(x, Over::channels)).data()[0] == -infinity);
  CHECK(eval(ex, reduce<Maximum>(x, Over::channels)).data()[1] == infinity);
}

TEST_CASE("nearest finds the entry at the least distance") {
  std::array<Cpu, 3> executors{Cpu(1), Cpu(2), Cpu(3)};
  std::size_t turn = 0;
  for (int channels : {1, 3, 5, 16, 33, 64})
    for (int entries : {1, 2, 7, 100})
      for (const auto& [h, w] : {std::pair{1, 1}, {7, 5}, {17, 13}}) {
        const auto x = random_tensor<float>({2, h, w, channels}, 1);
        const auto table = random_tensor<float>(matrix_extents(entries, channels), 2);
        const auto index = eval(executors[turn++ % 3], nearest(x, table));
        INFO(to_string(x.extents()) << " in " << entries);
        REQUIRE((index.extents() == Extents{2, h, w, 1}));
        int differ = 0;
        for (int i = 0; i < 2 * h * w; ++i)
          differ += index.data()[i] != naive_nearest(x.data() + i * channels, table);
        CHECK(differ == 0);
      }
}

TEST_CASE("of entries at the same distance nearest takes the first") {
  Cpu ex(2);
  Tensor<float> table(matrix_extents(9, 20)), x({1, 2, 2, 20});
  for (int c = 0; c < 20; ++c) {
    const float value = 0.1f * static_cast<float>(c) - 0.7f;
    for (int entry : {2, 4, 8}) table.data()[entry * 20 + c] = value;
    for (int i : {0, 1, 2}) x.data()[i * 20 + c] = value;
  }
  const auto index = eval(ex, nearest(x, table));
  CHECK(index.data()[0] == 2);
  CHECK(index.data()[2] == 2);
  CHECK(index.data()[3] == 0);  // of the zeros
  const auto symmetric = tensor_of<float>(matrix_extents(2, 1), {1, -1});
  CHECK(eval(ex, nearest(Tensor<float>({1, 1, 1, 1}), symmetric)).data()[0] == 0);
}

TEST_CASE("nearest tells entries apart that differ in the last bit") {
  Cpu ex(1);
  const float a = 1000, b = std::nextafter(a, 2000.0f);
  const auto table = tensor_of<float>(matrix_extents(2, 1), {b, a});
  const auto x = tensor_of<float>({1, 1, 2, 1}, {a, b});
  const auto index = eval(ex, nearest(x, table));
  CHECK(index.data()[0] == 1);
  CHECK(index.data()[1] == 0);
}

TEST_CASE("nearest over NaN or infinity is an error, not an index") {
  for (int threads : {1, 3}) {
    Cpu ex(threads);
    const auto table = random_tensor<float>(matrix_extents(5, 19), 2);
    for (float poison : {std::nanf(""), infinity, -infinity})
      for (int place : {0, 7, 18}) {
        const auto x = random_tensor<float>({2, 6, 5, 19}, 1);
        x.data()[((6 + 4) * 5 + 3) * 19 + place] = poison;
        const std::string message = error_of([&] { eval(ex, nearest(x, table)); });
        INFO(message);
        CHECK(contains(message, "nearest"));
        CHECK(contains(message, "image 1, row 4, column 3"));
        const auto poisoned = copy_of(table);
        poisoned.data()[2 * 19 + place] = poison;
        CHECK(contains(error_of([&] {
                         eval(ex, nearest(random_tensor<float>({1, 2, 2, 19}, 3), poisoned));
                       }),
                       "entry 2"));
      }
    const auto fine = random_tensor<float>({1, 2, 2, 19}, 4);
    CHECK(eval(ex, nearest(fine, table)).data()[3] == naive_nearest(fine.data() + 3 * 19, table));
  }
}

TEST_CASE("nearest in a table that was never loaded throws") {
  Cpu ex(1);
  const auto x = random_tensor<float>({1, 2, 2, 3}, 1);
  const auto table = Tensor<float>::declared(matrix_extents(4, 3));
  CHECK(contains(error_of([&] { eval(ex, nearest(x, table)); }), "[4,1,1,3]"));
}

TEST_CASE("add_reduced sums over the extents that the target lacks") {
  Cpu ex(2);
  const auto x = random_tensor<double>({2, 3, 4, 17}, 1);
  for (const Extents e :
       {Extents{1, 1, 1, 17}, {2, 1, 1, 17}, {2, 3, 4, 1}, {1, 1, 1, 1}, {1, 3, 1, 17}, {2, 3, 4, 17}}) {
    const auto target = random_tensor<double>(e, 2), expected = copy_of(target);
    double* at = x.data();
    for (int n = 0; n < 2; ++n)
      for (int h = 0; h < 3; ++h)
        for (int w = 0; w < 4; ++w)
          for (int c = 0; c < 17; ++c, ++at) {
            auto place = [](int i, int extent) { return extent == 1 ? 0 : i; };
            expected.data()[((place(n, e.n) * e.h + place(h, e.h)) * e.w + place(w, e.w)) * e.c +
                            place(c, e.c)] += 2 * *at;
          }
    ex.add_reduced(target, x * 2.0);
    check_close(target, expected, 1e-13, "into " + to_string(e));
  }
}

TEST_CASE("argmax finds the first largest channel, and names what is not finite") {
  for (const int threads : {1, 3}) {
    Cpu ex(threads);
    for (const Extents e : shapes) {
      const auto x = eval(ex, random_tensor<float>(e, 1) * 3.0);
      const auto found = eval(ex, argmax(square(x)));
      CHECK((found.extents() == Extents{e.n, e.h, e.w, 1}));
      for (std::size_t p = 0; p < e.pixels(); ++p) {
        const float* row = x.data() + p * static_cast<std::size_t>(e.c);
        int expected = 0;
        for (int c = 1; c < e.c; ++c)
          if (row[c] * row[c] > row[expected] * row[expected]) expected = c;
        REQUIRE(found.data()[p] == expected);
      }
    }
  }
  Cpu ex(1);
  const auto ties = tensor_of<float>({1, 1, 2, 4}, {1, 3, 3, 0, -2, -2, -5, -2});
  const auto found = eval(ex, argmax(ties));
  CHECK(found.data()[0] == 1);
  CHECK(found.data()[1] == 0);
  ties.data()[6] = std::nanf("");
  CHECK(error_of([&] { eval(ex, argmax(ties)); }) ==
        "argmax: channel 2 is not finite (image 0, row 0, column 1): the input or the weights hold NaN or "
        "infinity");
}

TEST_CASE("scatter_rows adds rows where gather took them") {
  Cpu ex(1);
  const auto table = random_tensor<double>(matrix_extents(4, 5), 1), before = copy_of(table);
  const auto index = tensor_of<int>({1, 1, 3, 1}, {2, 0, 2});
  const auto rows = random_tensor<double>({1, 1, 3, 5}, 2);
  ex.scatter_rows(table, index, rows);
  for (int c = 0; c < 5; ++c) {
    CHECK(table.data()[c] == before.data()[c] + rows.data()[5 + c]);
    CHECK(table.data()[5 + c] == before.data()[5 + c]);
    CHECK(table.data()[10 + c] == Approx(before.data()[10 + c] + rows.data()[c] + rows.data()[10 + c]));
  }
}
