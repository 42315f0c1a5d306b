#ifndef RFPP_TRAIN_CHECKPOINT_HPP
#define RFPP_TRAIN_CHECKPOINT_HPP

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "rfpp/io/parameters.hpp"

// A checkpoint of training is one safetensors file, so that it is there whole or not at all: all models,
// each under a prefix of its own, and what else the next step depends on as metadata.

namespace rfpp::inline v0 {

/// A model of a checkpoint: its parameters are called prefix + path.
template <class Model> struct CheckpointPart {
  std::string prefix;
  Model& model;
};
template <class Model> CheckpointPart(std::string, Model&) -> CheckpointPart<Model>;

/// Writes a checkpoint. Throws Error where it cannot be written, and, before anything is written, where a
/// parameter holds NaN or infinity: an earlier checkpoint is then still the last good one.
template <class... Model>
void save_checkpoint(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata,
                     const CheckpointPart<Model>&... parts) {
  std::vector<io::TensorInfo> infos;
  const auto announce = [&](const auto& part) {
    walk(
        [&](const std::string& path, const auto& p) {
          using T = typename std::remove_cvref_t<decltype(p)>::value;
          if (!io::detail::all_finite(std::span<const T>(io::raw(p).elements())))
            throw Error(file.string() + ": not written: " + part.prefix + path + " holds NaN or infinity");
          infos.push_back({part.prefix + path, io::DType::float32, io::file_shape(p)});
        },
        part.model);
  };
  (announce(parts), ...);
  io::SafetensorsWriter writer(file, std::move(infos), metadata);
  const auto write = [&](const auto& part) {
    walk([&](const std::string& path,
             const auto& p) { writer.write(part.prefix + path, io::channels_first(io::raw(p))); },
         part.model);
  };
  (write(parts), ...);
  writer.commit();
}

/// Fills models from a checkpoint. Throws Error, naming the file and the parameter, where one is missing or
/// has another shape.
template <class... Model>
void load_checkpoint(const io::Checkpoint& checkpoint, const std::string& file,
                     const CheckpointPart<Model>&... parts) {
  const auto read = [&](const auto& part) {
    walk(
        [&](const std::string& path, auto& p) {
          const io::TensorView& view = checkpoint.at(part.prefix + path);
          if (view.shape != io::file_shape(p))
            throw Error(file + ": " + part.prefix + path + ": expected shape " +
                        io::to_string(io::file_shape(p)) + ", found " + io::to_string(view.shape));
          using T = typename std::remove_cvref_t<decltype(p)>::value;
          auto value = Tensor<T>::uninitialised(p.extents());
          io::read_channels_last(view, value.elements());
          io::assign(p, std::move(value));
        },
        part.model);
  };
  (read(parts), ...);
}

/// Fills those parameters of a model that a file of weights has in the same shape; returns the paths of the
/// others. Throws Error where it has none.
template <class Model>
std::vector<std::string> load_matching(Model& model, const std::filesystem::path& file) {
  const auto checkpoint = io::Checkpoint::open(file);
  const std::string prefix = io::find_prefix(checkpoint, io::parameter_shapes(model));
  std::vector<std::string> others;
  std::size_t loaded = 0;
  walk(
      [&](const std::string& path, auto& p) {
        const io::TensorView* view = checkpoint.find(prefix + path);
        if (view == nullptr || view->shape != io::file_shape(p)) return others.push_back(path);
        using T = typename std::remove_cvref_t<decltype(p)>::value;
        auto value = Tensor<T>::uninitialised(p.extents());
        io::read_channels_last(*view, value.elements());
        io::assign(p, std::move(value));
        ++loaded;
      },
      model);
  if (loaded == 0) throw Error(file.string() + ": expected weights to start from, found none that fit");
  return others;
}

}  // namespace rfpp::inline v0

#endif
