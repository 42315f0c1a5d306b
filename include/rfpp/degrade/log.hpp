#ifndef RFPP_DEGRADE_LOG_HPP
#define RFPP_DEGRADE_LOG_HPP

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "rfpp/degrade/degradation.hpp"

// Degradations as JSON, one line per image:
//   {"image": "0001.png", "flip": false, "shift": {"margin": 32, "down": 40, "right": 3},
//    "stages": [{"stage": "blur", "shape": "gaussian", "size": 41, ...}, {"stage": "downsample",
//    "ratio": 2.6}, ...], "uneven": {"top": 70, "left": 20, "side": 130, "outside": [...]}, "color_jitter":
//    {...}, "gray": false}
// What is absent was not done. Numbers are written so that reading gives back the same bits.

namespace rfpp::degrade {
inline namespace RFPP_ABI {

namespace detail {

inline constexpr const char* kernel_shapes[] = {"gaussian", "generalized_gaussian", "plateau"};

/// One list of names per stage, for writing and reading: f(key, member).
void fields(auto&& f, auto& s) {
  using S = std::remove_cvref_t<decltype(s)>;
  if constexpr (std::is_same_v<S, Blur>) {
    f("shape", s.shape), f("size", s.size), f("sigma_x", s.sigma_x), f("sigma_y", s.sigma_y);
    f("theta", s.theta), f("beta", s.beta);
  } else if constexpr (std::is_same_v<S, Haze>) {
    f("clean", s.clean);
  } else if constexpr (std::is_same_v<S, Downsample>) {
    f("ratio", s.ratio);
  } else if constexpr (std::is_same_v<S, Resize>) {
    f("height", s.height), f("width", s.width);
  } else if constexpr (std::is_same_v<S, GaussianNoise>) {
    f("sigma", s.sigma), f("seed", s.stream.seed), f("index", s.stream.image), f("stream", s.stream.stage);
  } else if constexpr (std::is_same_v<S, PoissonNoise>) {
    f("scale", s.scale), f("seed", s.stream.seed), f("index", s.stream.image), f("stream", s.stream.stage);
  } else if constexpr (std::is_same_v<S, Jpeg>) {
    f("quality", s.quality);
  } else if constexpr (std::is_same_v<S, ColorJitter>) {
    f("red", s.red), f("green", s.green), f("blue", s.blue);
  } else if constexpr (std::is_same_v<S, SquareRegion>) {
    f("top", s.top), f("left", s.left), f("side", s.side);
  } else if constexpr (std::is_same_v<S, Shift>) {
    f("margin", s.margin), f("down", s.down), f("right", s.right);
  } else {
    static_assert(std::is_same_v<S, Gray>, "a stage without a list of its fields");
  }
}

template <class S> void write_fields(nlohmann::json& json, const S& stage) {
  fields(
      [&](const char* key, const auto& value) {
        if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(value)>>)
          json[key] = kernel_shapes[static_cast<int>(value)];
        else
          json[key] = value;
      },
      stage);
}

inline void read_value(const nlohmann::json& json, KernelShape& value) {
  for (int i = 0; const char* name : kernel_shapes) {
    if (json == name) return void(value = static_cast<KernelShape>(i));
    ++i;
  }
  throw Error("expected gaussian, generalized_gaussian or plateau");
}
inline void read_value(const nlohmann::json& json, double& value) {
  if (!json.is_number()) throw Error(std::string("expected a number, found ") + json.type_name());
  value = json.get<double>();
}
template <class Integer>
requires std::is_integral_v<Integer>
void read_value(const nlohmann::json& json, Integer& value) {
  using Limits = std::numeric_limits<Integer>;
  const bool fits = json.is_number_unsigned() ? json.get<std::uint64_t>() <= std::uint64_t{Limits::max()}
                    : json.is_number_integer()
                        ? std::is_signed_v<Integer> && json.get<std::int64_t>() >= std::int64_t{Limits::min()}
                        : false;
  if (!fits) throw Error("expected an integer that fits, found another value");
  value = json.get<Integer>();
}
inline void read_value(const nlohmann::json& json, bool& value) {
  if (!json.is_boolean()) throw Error(std::string("expected true or false, found ") + json.type_name());
  value = json.get<bool>();
}

/// json[key] read into value; errors name the key.
template <class T> void read_member(const nlohmann::json& json, const char* key, T& value) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  if (found == json.end()) throw Error(std::string("expected \"") + key + "\", found none");
  try {
    read_value(*found, value);
  } catch (const Error& error) {
    throw Error("\"" + std::string(key) + "\": " + error.what());
  }
}
template <class S> S read_fields(const nlohmann::json& json) {
  S stage;
  fields([&](const char* key, auto& value) { read_member(json, key, value); }, stage);
  return stage;
}

template <class... S> Stage read_stage(const nlohmann::json& json, const std::variant<S...>*) {
  const auto name = json.is_object() ? json.find("stage") : json.end();
  Stage stage;
  const auto matches = [&](auto candidate) {
    using Candidate = decltype(candidate);
    if (*name != Candidate::name) return false;
    stage = read_fields<Candidate>(json);
    return true;
  };
  if (!json.is_object() || name == json.end() || !(matches(S{}) || ...))
    throw Error("expected \"stage\": the name of a stage");
  return stage;
}

inline nlohmann::json to_json(const std::vector<Stage>& stages) {
  auto list = nlohmann::json::array();
  for (const Stage& stage : stages)
    std::visit(
        [&](const auto& s) {
          nlohmann::json json{{"stage", s.name}};
          write_fields(json, s);
          list.push_back(std::move(json));
        },
        stage);
  return list;
}
inline std::vector<Stage> read_stages(const nlohmann::json& json, const char* key) {
  constexpr std::size_t most = 64;
  const auto list = json.find(key);
  if (list == json.end() || !list->is_array() || list->size() > most)
    throw Error(std::string("expected \"") + key + "\": a list of at most " + std::to_string(most) +
                " stages");
  std::vector<Stage> stages;
  for (const auto& item : *list) {
    try {
      stages.push_back(read_stage(item, static_cast<const Stage*>(nullptr)));
    } catch (const Error& error) {
      throw Error(std::string(key) + "[" + std::to_string(stages.size()) + "]: " + error.what());
    }
  }
  return stages;
}

}  // namespace detail

inline nlohmann::json to_json(const Degradation& d) {
  nlohmann::json json{{"flip", d.flip}, {"stages", detail::to_json(d.stages)}, {"gray", d.gray}};
  if (d.shift) detail::write_fields(json["shift"], *d.shift);
  if (d.uneven) {
    detail::write_fields(json["uneven"], d.uneven->square);
    json["uneven"]["outside"] = detail::to_json(d.uneven->outside);
  }
  if (d.color_jitter) detail::write_fields(json["color_jitter"], *d.color_jitter);
  return json;
}

/// The inverse of to_json. Keys it does not know are ignored. Throws Error for anything else; whether the
/// parameters are possible is for check() to say.
inline Degradation parse_degradation(const nlohmann::json& json) {
  if (!json.is_object()) throw Error("expected a JSON object, found " + std::string(json.type_name()));
  Degradation d;
  if (json.contains("flip")) detail::read_member(json, "flip", d.flip);
  if (json.contains("gray")) detail::read_member(json, "gray", d.gray);
  if (json.contains("shift")) d.shift = detail::read_fields<Shift>(json["shift"]);
  d.stages = detail::read_stages(json, "stages");
  if (json.contains("uneven")) {
    const auto& uneven = json["uneven"];
    const auto square = detail::read_fields<SquareRegion>(uneven);  // refuses what is not an object
    d.uneven = {square, detail::read_stages(uneven, "outside")};
  }
  if (json.contains("color_jitter")) d.color_jitter = detail::read_fields<ColorJitter>(json["color_jitter"]);
  return d;
}

/// A line of a log: the image's name and what was done to it.
struct LogEntry {
  std::string image;
  Degradation degradation;
};
inline std::string to_line(const LogEntry& entry) {
  nlohmann::json json = to_json(entry.degradation);
  json["image"] = entry.image;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}
/// The entries of a log. Throws Error, naming the line, for anything that is not one.
inline std::vector<LogEntry> parse_log(std::string_view text) {
  std::vector<LogEntry> entries;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      const auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
      if (json.is_discarded()) throw Error("expected a JSON object, found no JSON");
      Degradation degradation = parse_degradation(json);
      const auto image = json.find("image");
      if (image == json.end() || !image->is_string()) throw Error("expected \"image\": a file name");
      entries.push_back({image->get<std::string>(), std::move(degradation)});
    } catch (const Error& error) {
      throw Error("line " + std::to_string(number) + ": " + error.what());
    }
  }
  return entries;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
