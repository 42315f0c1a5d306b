#ifndef RFPP_CORE_FIELDS_HPP
#define RFPP_CORE_FIELDS_HPP

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "rfpp/core/filter.hpp"
#include "rfpp/core/tensor.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A field's name as the checkpoint spells it. `first_index` numbers the elements of an array or tuple field.
struct FieldName {
  const char* text;
  int first_index = 0;
  int number = -1;  // goes between `text` and `rest`
  const char* rest = "";
  constexpr FieldName(const char* name, int first = 0)
      : text(name), first_index(first) {}  // NOLINT: a name is its text

  /// A name with a number in it: numbered("Level_", 8, ".warp") is "Level_8.warp".
  static constexpr FieldName numbered(const char* before, int number, const char* after = "") {
    FieldName name(before);
    name.number = number;
    name.rest = after;
    return name;
  }
  std::string str() const { return number < 0 ? text : text + std::to_string(number) + rest; }
};

namespace detail {

/// The way to a field, as the frames of the recursion hold it: text is made of it only at a parameter.
struct FieldPath {
  const FieldPath* parent;
  FieldName name;    // its text, if there is any,
  int element = -1;  // or else the number of an element

  [[gnu::noinline]] std::string text() const {
    std::string path = parent == nullptr ? "" : parent->text();
    const std::string own = element < 0 ? name.str() : std::to_string(element);
    return path.empty() || own.empty() ? path + own : path + "." + own;
  }
};

template <class M> constexpr bool is_parameter = is_tensor<M> || is_filter<M>;

/// A parameter of each of N models, with its type known to the walk alone: so the recursion through a model's
/// fields is compiled once, and not again for every function that walks.
template <std::size_t N> struct FieldEntry {
  std::string path;
  bool filter, wide;  // Filter or Tensor, of double or float
  std::array<const void*, N> parameters;
};
template <std::size_t N> using FieldEntries = std::vector<FieldEntry<N>>;

template <class... M> void collect(const FieldPath& path, FieldEntries<sizeof...(M)>& entries, M&... models);

template <std::size_t I, class First, class... M>
void collect_elements(const FieldPath& path, FieldEntries<1 + sizeof...(M)>& entries, First& first,
                      M&... rest) {
  if constexpr (I < std::tuple_size_v<First>) {
    collect(FieldPath{&path, "", path.name.first_index + static_cast<int>(I)}, entries, std::get<I>(first),
            std::get<I>(rest)...);
    collect_elements<I + 1>(path, entries, first, rest...);
  }
}

template <class... M> void collect(const FieldPath& path, FieldEntries<sizeof...(M)>& entries, M&... models) {
  using Model = std::remove_const_t<std::tuple_element_t<0, std::tuple<M...>>>;
  if constexpr (is_parameter<Model>) {
    constexpr bool wide = std::is_same_v<typename Model::value, double>;
    static_assert(wide || std::is_same_v<typename Model::value, float>,
                  "walk: parameters are float or double");
    entries.push_back({path.text(), is_filter<Model>, wide, {&models...}});
  } else if constexpr (requires { std::tuple_size<Model>::value; }) {
    collect_elements<0>(path, entries, models...);
  } else {
    Model::fields(
        [&](FieldName name, auto&... field) {
          collect(FieldPath{&path, name}, entries, field...);
        },
        models...);
  }
}

/// A model's parameter keeps the model's constness.
template <class Parameter, class Model>
using parameter_of = std::conditional_t<std::is_const_v<Model>, const Parameter, Parameter>;

template <class Parameter, class... M, std::size_t... I, class F>
void call_typed(F& f, const FieldEntry<sizeof...(M)>& entry, std::index_sequence<I...>) {
  f(entry.path, *static_cast<parameter_of<Parameter, M>*>(const_cast<void*>(entry.parameters[I]))...);
}

/// Stands for a model whose type does not matter.
struct Whole {};

/// Calls f with each entry's parameters, as constant as M... are.
template <class... M, class F> void visit(F& f, const FieldEntries<sizeof...(M)>& entries) {
  constexpr auto indices = std::index_sequence_for<M...>{};
  for (const auto& entry : entries) {
    if (entry.filter && entry.wide)
      call_typed<Filter<double>, M...>(f, entry, indices);
    else if (entry.filter)
      call_typed<Filter<float>, M...>(f, entry, indices);
    else if (entry.wide)
      call_typed<Tensor<double>, M...>(f, entry, indices);
    else
      call_typed<Tensor<float>, M...>(f, entry, indices);
  }
}

}  // namespace detail

/// Calls f(path, parameter...) for every parameter (Tensor or Filter) of one model, or of several models of
/// the same type side by side. Paths are the checkpoint's keys, "encoder.down.0.block.0.norm1.weight".
template <class F, class... M> void walk(F&& f, M&... models) {
  detail::FieldEntries<sizeof...(M)> entries;
  detail::collect(detail::FieldPath{nullptr, ""}, entries, std::as_const(models)...);
  detail::visit<M...>(f, entries);
}

/// The parameters of a model, whatever its type: a function that takes these instead of a model is compiled
/// once for all models. They lie in the model, which has to outlive them and stay where it is.
class ConstParameters {
 public:
  template <class Model> ConstParameters(const Model& model) {  // NOLINT: made where a model is passed
    detail::collect(detail::FieldPath{nullptr, ""}, entries_, model);
  }

  /// f(path, parameter) for each.
  template <class F> void for_each(F&& f) const { detail::visit<const detail::Whole>(f, entries_); }

 protected:
  detail::FieldEntries<1> entries_;
};
class Parameters : public ConstParameters {
 public:
  template <class Model>
  requires(!std::is_const_v<Model> && !std::is_base_of_v<ConstParameters, Model>)
      Parameters(Model& model)  // NOLINT: made where a model is passed
      : ConstParameters(std::as_const(model)) {}

  template <class F> void for_each(F&& f) const { detail::visit<detail::Whole>(f, entries_); }
};

/// parameter = f(path, parameter) for each; none is changed where f throws.
template <class F> void replace_each(const Parameters& parameters, F&& f) {
  std::vector<std::variant<Tensor<float>, Tensor<double>, Filter<float>, Filter<double>>> replaced;
  parameters.for_each([&](const std::string& path, const auto& p) { replaced.push_back(f(path, p)); });
  auto next = replaced.begin();
  parameters.for_each([&](const std::string&, auto& p) {
    p = std::get<std::remove_cvref_t<decltype(p)>>(std::move(*next++));
  });
}

/// Number of parameter tensors and of their elements.
struct ParameterCount {
  int tensors = 0;
  std::size_t elements = 0;
};
inline ParameterCount count_parameters(const ConstParameters& parameters) {
  ParameterCount count;
  parameters.for_each([&](const std::string&, const auto& parameter) {
    ++count.tensors;
    count.elements += parameter.extents().size();
  });
  return count;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
