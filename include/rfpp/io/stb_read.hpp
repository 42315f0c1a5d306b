#ifndef RFPP_IO_STB_READ_HPP
#define RFPP_IO_STB_READ_HPP

// stb_image with its PNG, JPEG and BMP decoders, in a namespace of ours: a program may compile its own copy
// as well. Options for that copy (STBI_...) are to be set right before its own #include.

#pragma GCC system_header  // stb's warnings are not ours

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include <cstddef>
#include <cstdlib>

#include "rfpp/core/config.hpp"

namespace rfpp::io::stb {
inline namespace RFPP_ABI {

/// Largest block that the decoder may ask for on this thread, in bytes; larger ones fail. A chunk
/// length in a PNG or an endless deflate stream would otherwise choose it.
inline thread_local std::size_t allocation_limit = 0;

/// Zeroed, since the decoder reads Huffman tables that a corrupt JPEG never defined.
inline void* allocate(std::size_t bytes) {
  return bytes <= allocation_limit ? std::calloc(1, bytes) : nullptr;
}

inline void* reallocate(void* block, std::size_t bytes) {
  return bytes <= allocation_limit ? std::realloc(block, bytes) : nullptr;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io::stb

#pragma push_macro("STBI_INCLUDE_STB_IMAGE_H")
#pragma push_macro("STB_IMAGE_IMPLEMENTATION")
#pragma push_macro("STBIDEF")
#undef STBIDEF
#undef STBI_INCLUDE_STB_IMAGE_H
#undef STB_IMAGE_IMPLEMENTATION
#include "rfpp/io/stb_undef.hpp"
#define STB_IMAGE_IMPLEMENTATION
#define STBIDEF extern "C++" inline
#define STBI_ONLY_BMP
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_FAILURE_STRINGS  // one of them is a buffer that all threads share
#define STBI_NO_LINEAR
#define STBI_NO_STDIO
#define STBI_ASSERT(condition)
#define STBI_MALLOC(bytes) allocate(bytes)
#define STBI_REALLOC(block, bytes) reallocate(block, bytes)
#define STBI_FREE(block) free(block)
#if defined(__clang__)
// Versions before 2.28 let the coefficients of a corrupt JPEG overflow: wrong pixels, no wrong address.
#pragma clang attribute push(__attribute__((no_sanitize("signed-integer-overflow", "shift"))), \
                             apply_to = function)
#endif
namespace rfpp::io::stb {
inline namespace RFPP_ABI {
#include <stb_image.h>
}  // namespace RFPP_ABI
}  // namespace rfpp::io::stb
#if defined(__clang__)
#pragma clang attribute pop
#endif
#include "rfpp/io/stb_undef.hpp"
#pragma pop_macro("STBIDEF")
#pragma pop_macro("STB_IMAGE_IMPLEMENTATION")
#pragma pop_macro("STBI_INCLUDE_STB_IMAGE_H")

#endif
