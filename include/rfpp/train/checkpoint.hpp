#ifndef RFPP_TRAIN_CHECKPOINT_HPP
#define RFPP_TRAIN_CHECKPOINT_HPP

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "rfpp/io/parameters.hpp"

// A checkpoint of training is one safetensors file, so that it is there whole or not at all: the parameters
// of all models, each under a prefix of its own, and what else the next step depends on as metadata.

namespace rfpp {
inline namespace RFPP_ABI {

/// A parameter under the name that the checkpoint has for it. It shares the model's elements.
struct NamedParameter {
  std::string name;
  std::vector<std::int64_t> shape;
  Tensor<float> elements;
};

/// Adds a model's parameters, called prefix + path. They must have elements.
template <class Model>
void name_parameters(std::vector<NamedParameter>& list, const std::string& prefix, const Model& model) {
  walk(
      [&](const std::string& path, const auto& p) {
        if constexpr (std::is_same_v<typename std::remove_cvref_t<decltype(p)>::value, float>)
          list.push_back({prefix + path, io::file_shape(p), io::raw(p)});
      },
      model);
}

/// Writes a checkpoint. Throws Error where it cannot be written, and, before anything is written, where a
/// parameter holds NaN or infinity: an earlier checkpoint is then still the last good one.
inline void save_checkpoint(const std::filesystem::path& file, const std::vector<NamedParameter>& parameters,
                            const std::map<std::string, std::string>& metadata) {
  std::vector<io::TensorInfo> infos;
  for (const NamedParameter& p : parameters) {
    if (!io::detail::all_finite(std::span<const float>(p.elements.elements())))
      throw Error(file.string() + ": not written, as " + p.name + " holds NaN or infinity");
    infos.push_back({p.name, io::DType::float32, p.shape});
  }
  io::SafetensorsWriter writer(file, std::move(infos), metadata);
  for (const NamedParameter& p : parameters) writer.write(p.name, io::channels_first(p.elements));
  writer.commit();
}

/// Writes a checkpoint's values into the parameters. Throws Error, naming file and parameter, where one is
/// missing or has another shape.
inline void load_checkpoint(const io::Checkpoint& checkpoint, const std::filesystem::path& file,
                            const std::vector<NamedParameter>& parameters) {
  for (const NamedParameter& p : parameters) {
    const io::TensorView& view = checkpoint.at(p.name);
    if (view.shape != p.shape)
      throw Error(file.string() + ": " + p.name + ": expected shape " + io::to_string(p.shape) + ", found " +
                  io::to_string(view.shape));
    io::read_channels_last(view, p.elements.elements());
  }
}

/// Fills those parameters of a model that a file of weights has in the same shape; returns the paths of the
/// others. Throws Error where it has none.
template <class Model>
std::vector<std::string> load_matching(const Model& model, const std::filesystem::path& file) {
  const auto checkpoint = io::Checkpoint::open(file);
  const std::string prefix = io::find_prefix(checkpoint, io::parameter_shapes(model));
  std::vector<NamedParameter> parameters;
  name_parameters(parameters, "", model);
  std::vector<std::string> others;
  for (const NamedParameter& p : parameters) {
    const io::TensorView* view = checkpoint.find(prefix + p.name);
    if (view != nullptr && view->shape == p.shape)
      io::read_channels_last(*view, p.elements.elements());
    else
      others.push_back(p.name);
  }
  if (others.size() == parameters.size())
    throw Error(file.string() + ": expected weights to start from, found none that fit");
  return others;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
