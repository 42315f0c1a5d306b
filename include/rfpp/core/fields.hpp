#ifndef RFPP_CORE_FIELDS_HPP
#define RFPP_CORE_FIELDS_HPP

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>

#include "rfpp/core/filter.hpp"
#include "rfpp/core/tensor.hpp"

namespace rfpp::inline v0 {

/// A field's name as the checkpoint spells it. `first_index` numbers the elements of an array or tuple field.
struct FieldName {
  const char* text;
  int first_index = 0;
  constexpr FieldName(const char* name, int first = 0)
      : text(name), first_index(first) {}  // NOLINT: a name is its text
};

namespace detail {

inline std::string join_path(const std::string& path, const std::string& name) {
  if (path.empty()) return name;
  return name.empty() ? path : path + "." + name;
}

template <class M> constexpr bool is_parameter = is_tensor<M> || is_filter<M>;

template <class F, class... M> void walk_at(const std::string& path, int first_index, F& f, M&... models);

template <std::size_t I, class F, class First, class... M>
void walk_elements(const std::string& path, int first_index, F& f, First& first, M&... rest) {
  if constexpr (I < std::tuple_size_v<std::remove_const_t<First>>) {
    walk_at(join_path(path, std::to_string(first_index + static_cast<int>(I))), 0, f, std::get<I>(first),
            std::get<I>(rest)...);
    walk_elements<I + 1>(path, first_index, f, first, rest...);
  }
}

template <class F, class... M> void walk_at(const std::string& path, int first_index, F& f, M&... models) {
  using First = std::tuple_element_t<0, std::tuple<std::remove_const_t<M>...>>;
  if constexpr (is_parameter<First>) {
    f(path, models...);
  } else if constexpr (requires { std::tuple_size<First>::value; }) {
    walk_elements<0>(path, first_index, f, models...);
  } else {
    First::fields([&](FieldName name,
                      auto&... field) { walk_at(join_path(path, name.text), name.first_index, f, field...); },
                  models...);
  }
}

}  // namespace detail

/// Calls f(path, parameter...) for every parameter (Tensor or Filter) of one model, or of several models of
/// the same type side by side. Paths are the checkpoint's keys, "encoder.down.0.block.0.norm1.weight".
template <class F, class... M> void walk(F&& f, M&... models) { detail::walk_at("", 0, f, models...); }

/// Number of parameter tensors and of their elements.
struct ParameterCount {
  int tensors = 0;
  std::size_t elements = 0;
};
template <class Model> ParameterCount count_parameters(const Model& model) {
  ParameterCount count;
  walk(
      [&](const std::string&, const auto& parameter) {
        ++count.tensors;
        count.elements += parameter.extents().size();
      },
      model);
  return count;
}

}  // namespace rfpp::inline v0

#endif
