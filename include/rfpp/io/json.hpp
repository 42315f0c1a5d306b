#ifndef RFPP_IO_JSON_HPP
#define RFPP_IO_JSON_HPP

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "rfpp/core/error.hpp"

// JSON without the library's exceptions and streams, which JSON_NOEXCEPTION and JSON_NO_IO take away.

namespace rfpp::io {
inline namespace RFPP_ABI {

namespace detail {
/// Accepts all that is JSON, and keeps where something else begins.
struct JsonFault : nlohmann::json_sax<nlohmann::json> {
  using Json = nlohmann::json;
  std::size_t byte = 0;  ///< 0: the syntax is right, but a number does not fit

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(Json::number_integer_t) override { return true; }
  bool number_unsigned(Json::number_unsigned_t) override { return true; }
  bool number_float(Json::number_float_t, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(Json::binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(std::string&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    constexpr int syntax = 101;
    if (error.id == syntax) byte = position;
    return false;
  }
};
}  // namespace detail

/// Throws Error, "<what> is not valid JSON", with the byte that ends the valid part, counted from 1.
inline nlohmann::json parse_json(std::string_view text, const std::string& what,
                                 const nlohmann::json::parser_callback_t& callback = nullptr) {
  auto json = nlohmann::json::parse(text.begin(), text.end(), callback, false);
  if (!json.is_discarded()) return json;
  detail::JsonFault fault;
  nlohmann::json::sax_parse(text.begin(), text.end(), &fault);
  throw Error(what + " is not valid JSON" +
              (fault.byte > 0 ? " at its byte " + std::to_string(fault.byte) : ""));
}

/// Throws Error unless `json` has all that `model` has, with values of the same kind. Arrays hold numbers, as
/// many as the model's where it has any.
inline void check_like(const nlohmann::json& json, const nlohmann::json& model, const std::string& what) {
  const std::string place = what.empty() ? "" : what + ": ";
  const bool same = model.is_number() ? json.is_number() : json.type() == model.type();
  if (!same) throw Error(place + "expected " + model.type_name() + ", found " + json.type_name());
  if (model.is_array() && !model.empty() && json.size() != model.size())
    throw Error(place + "expected " + std::to_string(model.size()) + " numbers, found " +
                std::to_string(json.size()));
  if (model.is_array())
    for (const auto& element : json)
      if (!element.is_number()) throw Error(place + "expected numbers, found " + element.type_name());
  if (!model.is_object()) return;
  for (const auto& [key, value] : model.items()) {
    const auto found = json.find(key);
    std::string name = "\"";
    name.append(key).append("\"");
    if (found == json.end())
      throw Error(std::string(place).append("expected ").append(name).append(", found none"));
    check_like(*found, value, name);
  }
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
