#include "rfpp/core/fields.hpp"

#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "support.hpp"

using namespace rfpp;

namespace {

template <int C> struct Norm {
  Tensor<float> weight = Tensor<float>::declared(vector_extents(C));
  Tensor<float> bias = Tensor<float>::declared(vector_extents(C));
  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
  }
};
struct Layer {
  Filter<float> weight{Extents{4, 3, 3, 2}};
  static void fields(auto&& f, auto&... models) { f("weight", models.weight...); }
};
struct Wide {
  Tensor<double> weight = Tensor<double>::declared(vector_extents(6));
  Filter<double> filter{Extents{1, 1, 1, 7}};
  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("filter", models.filter...);
  }
};
struct Empty {
  static void fields(auto&&, auto&...) {}
};
struct Model {
  Tensor<float> scale = Tensor<float>::declared(vector_extents(1));
  std::array<Norm<2>, 2> norms;
  std::tuple<Layer, Norm<3>> levels;
  Layer unnamed;
  Empty empty;
  std::array<Layer, 0> none;
  static void fields(auto&& f, auto&... models) {
    f("scale", models.scale...);
    f("norm", models.norms...);
    f(FieldName("level", 5), models.levels...);
    f("", models.unnamed...);
    f("empty", models.empty...);
    f("none", models.none...);
  }
};

}  // namespace

TEST_CASE("walk visits every parameter once, in order, under the checkpoint's name") {
  Model model;
  std::vector<std::string> names;
  walk([&](const std::string& name, auto&) { names.push_back(name); }, model);
  CHECK(names == std::vector<std::string>{"scale", "norm.0.weight", "norm.0.bias", "norm.1.weight",
                                          "norm.1.bias", "level.5.weight", "level.6.weight", "level.6.bias",
                                          "weight"});
}

TEST_CASE("walk hands over each parameter with its own type") {
  std::tuple<Wide, Norm<2>> model;
  std::string seen;
  walk(
      [&](const std::string& name, auto& parameter) {
        using P = std::remove_cvref_t<decltype(parameter)>;
        seen += name + (is_filter<P> ? " filter of " : " tensor of ") +
                (std::is_same_v<typename P::value, double> ? "double" : "float") +
                to_string(parameter.extents()) + "; ";
      },
      model);
  CHECK(seen ==
        "0.weight tensor of double[1,1,1,6]; 0.filter filter of double[1,1,1,7]; 1.weight tensor of "
        "float[1,1,1,2]; 1.bias tensor of float[1,1,1,2]; ");
}

TEST_CASE("walk over a const model sees const parameters") {
  const Model model{};
  int count = 0;
  walk(
      [&](const std::string&, auto& parameter) {
        CHECK(std::is_const_v<std::remove_reference_t<decltype(parameter)>>);
        ++count;
      },
      model);
  CHECK(count == 9);
}

TEST_CASE("walk takes several models side by side") {
  Model a, b;
  const Model c{};
  int count = 0;
  walk(
      [&](const std::string& name, auto& first, auto& second, const auto& third) {
        ++count;
        CHECK((first.extents() == second.extents()));
        CHECK((first.extents() == third.extents()));
        using P = std::remove_cvref_t<decltype(first)>;
        if constexpr (is_tensor<P>) {
          first = P(first.extents());
          second = first;
        }
        (void)name;
      },
      a, b, c);
  CHECK(count == 9);
  CHECK(a.scale.has_storage());
  CHECK(a.scale.id() == b.scale.id());
  CHECK(std::get<1>(a.levels).bias.id() == std::get<1>(b.levels).bias.id());
  CHECK(a.norms[0].weight.id() != a.norms[1].weight.id());
  CHECK_FALSE(c.scale.has_storage());
}

TEST_CASE("walk accepts a bare parameter and a bare array") {
  Tensor<float> t;
  walk([](const std::string& name, auto&) { CHECK(name.empty()); }, t);
  std::array<Norm<2>, 1> array;
  std::vector<std::string> names;
  walk([&](const std::string& name, auto&) { names.push_back(name); }, array);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias"});
}

TEST_CASE("count_parameters counts tensors and elements, loaded or not") {
  const Model model{};
  const ParameterCount count = count_parameters(model);
  CHECK(count.tensors == 9);
  CHECK(count.elements == 1 + 2 * 4 + 72 + 6 + 72);
  const Empty empty;
  CHECK(count_parameters(empty).tensors == 0);
  CHECK(count_parameters(empty).elements == 0);
}
