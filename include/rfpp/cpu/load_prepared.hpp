#ifndef RFPP_CPU_LOAD_PREPARED_HPP
#define RFPP_CPU_LOAD_PREPARED_HPP

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/byte_reader.hpp"
#include "rfpp/io/parameters.hpp"

// From a checkpoint to a model that is ready to run, and from the packed weights that an earlier run left.

namespace rfpp {
inline namespace RFPP_ABI {

/// Loads a model's parameters and packs every filter, as prepare() does, as soon as it is read: the raw
/// weights never are in memory together. `file` is for messages. Throws Error as io::load_parameters does.
inline void load_prepared(Cpu& ex, const Parameters& model, const io::Checkpoint& checkpoint,
                          const std::string& file, const PackingPlan& plan) {
  io::load_parameters(model, checkpoint, file, [&](const std::string& name, auto& parameter) {
    if constexpr (is_filter<std::remove_cvref_t<decltype(parameter)>>) {
      ex.pack(parameter, plan.at(name));
      parameter.drop_raw();
    }
  });
}
inline void load_prepared(Cpu& ex, const Parameters& model, const std::filesystem::path& file,
                          const PackingPlan& plan) {
  load_prepared(ex, model, io::Checkpoint::open(file), file.string(), plan);
}
/// The same for inputs of the extents `input`.
template <class Model>
void load_prepared(Cpu& ex, Model& model, const std::filesystem::path& file, Extents input,
                   PackingPolicy policy = {}) {
  load_prepared(ex, model, file, plan_packing(model, input, policy));
}

/// What packed weights were made of and for: a hash of the checkpoint's content, of the plan, and of the
/// width of this program's vectors. Throws Error where the checkpoint cannot be read.
inline std::string packed_weights_key(Cpu& ex, const std::filesystem::path& file, const PackingPlan& plan) {
  constexpr std::size_t part = std::size_t{1} << 20;
  const io::MappedFile mapped(file);
  const std::string_view content = io::as_text(mapped.bytes());
  std::vector<std::size_t> hashes(content.size() / part + 1);
  ex.pool().for_each(static_cast<int>(hashes.size()), [&](int i, int) {
    const auto begin = static_cast<std::size_t>(i) * part;
    hashes[static_cast<std::size_t>(i)] = std::hash<std::string_view>{}(content.substr(begin, part));
  });
  std::string key = "rfpp packed weights 1, columns " + std::to_string(cpu::MicroTile<float>::columns) +
                    ", checkpoint " + std::to_string(content.size()) + " bytes";
  for (const std::size_t hash : hashes) key += ' ' + std::to_string(hash);
  for (const auto& [name, kind] : plan) key += ' ' + name + '=' + std::to_string(static_cast<int>(kind));
  return std::to_string(key.size()) + "-" + std::to_string(std::hash<std::string>{}(key));
}

namespace detail {
template <class T>
constexpr io::DType packed_dtype = sizeof(T) == 8 ? io::DType::float64 : io::DType::float32;
inline std::string energies_of(const std::string& filter) { return filter + ".energies"; }
}  // namespace detail

/// Writes a prepared model's packed filters and other parameters, for load_packed_weights(). Throws Error
/// where the file cannot be written.
inline void save_packed_weights(const ConstParameters& model, const std::filesystem::path& file,
                                const std::string& key) {
  std::vector<io::TensorInfo> infos;
  // Filters come first: their sizes keep all of them aligned.
  for (const bool filters : {true, false})
    model.for_each([&](const std::string& name, const auto& p) {
      using P = std::remove_cvref_t<decltype(p)>;
      if (is_filter<P> != filters) return;
      if constexpr (is_filter<P>)
        infos.push_back({name, detail::packed_dtype<typename P::value>, {p.packed().extents().c}});
      else
        infos.push_back({name, io::DType::float32, io::file_shape(p)});
    });
  model.for_each([&](const std::string& name, const auto& p) {
    if constexpr (is_filter<std::remove_cvref_t<decltype(p)>>)
      if (p.energies().has_storage())
        infos.push_back({detail::energies_of(name), io::DType::float32, io::file_shape(p.energies())});
  });
  io::SafetensorsWriter writer(file, std::move(infos), {{"key", key}});
  model.for_each([&](const std::string& name, const auto& p) {
    if constexpr (is_filter<std::remove_cvref_t<decltype(p)>>) {
      writer.write_bytes(name, std::as_bytes(p.packed().elements()));
      if (p.energies().has_storage())
        writer.write(detail::energies_of(name), io::channels_first(p.energies()));
    } else {
      writer.write(name, io::channels_first(p));
    }
  });
  writer.commit();
}

/// Fills a model with packed weights where they lie in the mapped file; false, and the model unchanged, where
/// the file is missing, damaged, or has another key. The model can then neither be saved nor trained.
inline bool load_packed_weights(const Parameters& model, const std::filesystem::path& file,
                                const std::string& key, const PackingPlan& plan) try {
  const auto checkpoint = std::make_shared<const io::Checkpoint>(io::Checkpoint::open(file));
  const auto& metadata = checkpoint->metadata();
  if (const auto found = metadata.find("key"); found == metadata.end() || found->second != key) return false;
  replace_each(model, [&](const std::string& name, auto parameter) {
    using P = decltype(parameter);
    using T = typename P::value;
    const io::TensorView& view = checkpoint->at(name);
    if constexpr (is_filter<P>) {
      const Packing packing{plan.at(name), cpu::MicroTile<T>::columns};
      const Extents e{1, 1, 1, static_cast<int>(cpu::packed_size<T>(packing.kind, parameter.extents()))};
      if (view.dtype != detail::packed_dtype<T> || view.data.size() != Tensor<T>::bytes(e))
        throw Error("packed weight " + name + " has another size");
      void* data = const_cast<std::byte*>(view.data.data());  // what is packed is never written
      parameter.set_packed(packing, {Storage(data, view.data.size(), checkpoint), e});
      if (parameter.is_modulated()) {
        auto energies = Tensor<T>::uninitialized(parameter.energies().extents());
        io::read_channels_last(checkpoint->at(detail::energies_of(name)), energies.elements());
        parameter.set_energies(std::move(energies));
      }
    } else {
      parameter = Tensor<T>::uninitialized(parameter.extents());
      io::read_channels_last(view, parameter.elements());
    }
    return parameter;
  });
  return true;
} catch (const Error&) {
  return false;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
