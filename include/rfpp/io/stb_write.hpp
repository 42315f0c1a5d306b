#ifndef RFPP_IO_STB_WRITE_HPP
#define RFPP_IO_STB_WRITE_HPP

// stb_image_write without its file functions, in a namespace of ours: a program may compile its own copy as
// well. Options for that copy (STBIW_...) are to be set right before its own #include.

#pragma GCC system_header  // stb's warnings are not ours

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rfpp/core/config.hpp"

#pragma push_macro("INCLUDE_STB_IMAGE_WRITE_H")
#pragma push_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#pragma push_macro("STBIWDEF")
#undef INCLUDE_STB_IMAGE_WRITE_H
#undef STBIWDEF
#undef STB_IMAGE_WRITE_IMPLEMENTATION
#include "rfpp/io/stb_undef.hpp"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition)
namespace rfpp::io::stb {
inline namespace RFPP_ABI {
#include <stb_image_write.h>
}  // namespace RFPP_ABI
}  // namespace rfpp::io::stb
#include "rfpp/io/stb_undef.hpp"
#pragma pop_macro("STBIWDEF")
#pragma pop_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#pragma pop_macro("INCLUDE_STB_IMAGE_WRITE_H")

#endif
