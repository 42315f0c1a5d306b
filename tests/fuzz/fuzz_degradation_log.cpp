// libFuzzer: whatever the bytes, parse_log throws rfpp::Error or gives degradations that can be checked, and
// written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rfpp/degrade/log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rfpp;
  std::vector<degrade::LogEntry> entries;
  try {
    entries = degrade::parse_log({reinterpret_cast<const char*>(data), size});
  } catch (const Error&) {
    return 0;
  }
  for (const auto& entry : entries) {
    const auto again = degrade::parse_log(to_line(entry));
    if (again.size() != 1 || !(again.front().degradation == entry.degradation)) __builtin_trap();
    try {
      check(entry.degradation, 512, 512);
    } catch (const Error&) {}
  }
  return 0;
}
