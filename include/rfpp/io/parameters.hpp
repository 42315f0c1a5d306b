#ifndef RFPP_IO_PARAMETERS_HPP
#define RFPP_IO_PARAMETERS_HPP

#include <algorithm>
#include <bit>
#include <concepts>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "rfpp/core/fields.hpp"
#include "rfpp/core/finite.hpp"
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/tensors.hpp"

namespace rfpp::io {
inline namespace RFPP_ABI {

/// The raw weight as files have it, and the other way round.
template <class T> Tensor<T> in_file_order(const Filter<T>& filter, const Tensor<T>& raw) {
  return filter.use() == FilterUse::modulated_transposed ? with_reversed_taps(raw) : raw;
}
template <class T> Tensor<T> in_file_order(const Tensor<T>&, const Tensor<T>& raw) { return raw; }

template <class T> void assign(Filter<T>& parameter, Tensor<T> value) { parameter.assign(std::move(value)); }
template <class T> void assign(Tensor<T>& parameter, Tensor<T> value) { parameter = std::move(value); }
template <class T> const Tensor<T>& raw(const Filter<T>& parameter) { return parameter.raw(); }
template <class T> const Tensor<T>& raw(const Tensor<T>& parameter) { return parameter; }

using ParameterShapes = std::map<std::string, std::vector<std::int64_t>>;

/// Names and shapes of a model's parameters as its checkpoint has them.
inline ParameterShapes parameter_shapes(const ConstParameters& model) {
  ParameterShapes shapes;
  model.for_each([&](const std::string& name, const auto& p) { shapes.emplace(name, file_shape(p)); });
  return shapes;
}

/// What stands before a model's names in a checkpoint ("state_dict.vqvae.", "params_ema.", ""): the prefix
/// under which most of `names` are found; of equals an averaged model's ("ema"), then the shortest.
inline std::string find_prefix(const Checkpoint& checkpoint, const ParameterShapes& names) {
  std::map<std::string, int, std::less<>> votes;
  const auto vote = [&](const std::string& key) {
    for (std::size_t at = 0; at != std::string::npos; at = key.find('.', at), at += at != std::string::npos)
      if (names.contains(key.substr(at))) {
        ++votes[key.substr(0, at)];
        break;
      }
  };
  for (const auto& [key, view] : checkpoint.tensors()) vote(key);
  for (const auto& [key, type] : checkpoint.unread()) vote(key);
  std::string best;
  auto rank = [&](const std::string& prefix) {
    const auto found = votes.find(prefix);
    const bool averaged = prefix.find("ema") != std::string::npos;
    return std::tuple(found == votes.end() ? 0 : found->second, averaged, -static_cast<int>(prefix.size()));
  };
  for (const auto& [prefix, count] : votes)
    if (rank(prefix) > rank(best)) best = prefix;
  return best;
}

/// How a checkpoint's tensors and a model's parameters differ.
struct ParameterMismatch {
  std::vector<std::string> missing, extra, misshapen;

  bool empty() const { return missing.empty() && extra.empty() && misshapen.empty(); }
  std::size_t size() const { return missing.size() + extra.size() + misshapen.size(); }
};

/// Whether two shapes are the same but for extents of 1: a bias may be (C) or (1, C, 1, 1).
inline bool same_shape(std::vector<std::int64_t> a, std::vector<std::int64_t> b) {
  std::erase(a, 1);
  std::erase(b, 1);
  return a == b;
}

/// Compares by name and shape. Parameters of the training losses' networks, which lie beside the model's
/// under "loss.", are not counted as extra, nor are batch norms' counts of their training steps.
inline ParameterMismatch compare_parameters(const ParameterShapes& shapes, const Checkpoint& checkpoint) {
  const std::string prefix = find_prefix(checkpoint, shapes);
  ParameterMismatch mismatch;
  for (const auto& [name, shape] : shapes) {
    const TensorView* view = checkpoint.find(prefix + name);
    const auto unread = checkpoint.unread().find(prefix + name);
    if (unread != checkpoint.unread().end())
      mismatch.missing.push_back(name + " (of type " + unread->second + ", which is not read)");
    else if (view == nullptr)
      mismatch.missing.push_back(name);
    else if (!same_shape(view->shape, shape))
      mismatch.misshapen.push_back(name + " (expected " + to_string(shape) + ", found " +
                                   to_string(view->shape) + ")");
  }
  for (const auto& [key, view] : checkpoint.tensors()) {
    if (!key.starts_with(prefix)) continue;
    const std::string name = key.substr(prefix.size());
    const bool expected = name.starts_with("loss.") || name.ends_with(".num_batches_tracked");
    if (!shapes.contains(name) && !expected) mismatch.extra.push_back(name);
  }
  return mismatch;
}
inline ParameterMismatch compare_parameters(const ConstParameters& model, const Checkpoint& checkpoint) {
  return compare_parameters(parameter_shapes(model), checkpoint);
}

/// "2 missing: a, b; 1 unexpected: c", with at most so many names of each kind.
inline std::string text_of(const ParameterMismatch& mismatch, std::size_t most_names) {
  std::string text;
  const auto list = [&](const char* title, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text.append(text.empty() ? "" : "; ").append(std::to_string(names.size()) + " " + title + ": ");
    for (std::size_t i = 0; i < std::min(most_names, names.size()); ++i)
      text.append(i > 0 ? ", " : "").append(names[i]);
    if (names.size() > most_names) text += ", ...";
  };
  list("missing", mismatch.missing);
  list("unexpected", mismatch.extra);
  list("of another shape", mismatch.misshapen);
  return text;
}

/// That a checkpoint holds none of the networks `names`, which are of a kind: "a face parser".
inline Error unrecognized(const Checkpoint& checkpoint, const std::string& file, const std::string& kind,
                          const std::string& names) {
  const auto& tensors = checkpoint.tensors();
  return Error(file + ": expected the weights of " + kind + " (" + names + "), found " +
               std::to_string(tensors.size()) + " tensors of something else" +
               (tensors.empty() ? "" : ", the first \"" + tensors.front().name + "\""));
}

namespace detail {
/// Whether no exponent is all ones, as those of NaN and infinity are.
template <std::floating_point T> bool all_finite(std::span<const T> values) {
  ieee::FloatBits<T> worst = 0;
  for (const T v : values) worst = std::max(worst, ieee::exponent_bits(v));
  return worst != ieee::exponent_mask<T>;
}
}  // namespace detail

/// Fills a model from a checkpoint. Throws one Error that lists missing, extra and misshapen parameters (the
/// first 20 of each), or names one that holds NaN or infinity; the model is then unchanged. `file` is for
/// messages. on_loaded(name, parameter) may change a parameter that was read, before the next one is.
template <class F>
void load_parameters(const Parameters& model, const Checkpoint& checkpoint, const std::string& file,
                     F&& on_loaded) {
  const ParameterMismatch mismatch = compare_parameters(model, checkpoint);
  if (!mismatch.empty())
    throw Error(file + ": its parameters are not the network's; " + text_of(mismatch, 20));
  const std::string prefix = find_prefix(checkpoint, parameter_shapes(model));
  replace_each(model, [&](const std::string& name, auto parameter) {
    using T = typename decltype(parameter)::value;
    auto value = Tensor<T>::uninitialized(parameter.extents());
    const TensorView& view = checkpoint.at(prefix + name);
    read_channels_last(view, value.elements());
    checkpoint.release(view);
    if (!detail::all_finite(std::span<const T>(value.elements())))
      throw Error(file + ": parameter " + name + " holds NaN or infinity");
    assign(parameter, in_file_order(parameter, value));
    on_loaded(name, parameter);
    return parameter;
  });
}

inline void load_parameters(const Parameters& model, const Checkpoint& checkpoint, const std::string& file) {
  load_parameters(model, checkpoint, file, [](const auto&...) {});
}
inline void load_parameters(const Parameters& model, const std::filesystem::path& file) {
  load_parameters(model, Checkpoint::open(file), file.string());
}

/// Writes a model's parameters to a safetensors file, as `dtype` float32 or float16.
inline void save_parameters(const ConstParameters& model, const std::filesystem::path& file,
                            DType dtype = DType::float32,
                            const std::map<std::string, std::string>& metadata = {}) {
  std::vector<TensorInfo> infos;
  model.for_each([&](const std::string& name, const auto& p) {
    infos.push_back({name, dtype, file_shape(p)});
  });
  SafetensorsWriter writer(file, std::move(infos), metadata);
  model.for_each([&](const std::string& name, const auto& p) {
    writer.write(name, channels_first(in_file_order(p, raw(p))));
  });
  writer.commit();
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
