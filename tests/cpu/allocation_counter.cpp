#include "cpu/allocation_counter.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

// Replaces operator new and, with glibc, malloc below it. The sanitizers have their own and call hooks.

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RFPP_TESTS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RFPP_TESTS_SANITIZED
#endif

namespace {
std::atomic<long> allocations{0};
}
long rfpp::test::allocation_count() { return allocations; }

#if defined(RFPP_TESTS_SANITIZED)
extern "C" int __sanitizer_install_malloc_and_free_hooks(  // NOLINT: the sanitizers' name; GCC has no header
    void (*allocated)(const volatile void*, std::size_t), void (*released)(const volatile void*));

namespace {
const int hooks = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++allocations; }, [](const volatile void*) {});
}
#else
void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* data = std::malloc(bytes == 0 ? 1 : bytes)) return data;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes,
                   const std::nothrow_t&) noexcept {  // a sanitizer's own would not fit delete
  ++allocations;
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* data) noexcept { std::free(data); }
void operator delete(void* data, std::size_t) noexcept { std::free(data); }

#if defined(__GLIBC__)
extern "C" {
void* __libc_malloc(std::size_t);                 // NOLINT: glibc's name
void* __libc_memalign(std::size_t, std::size_t);  // NOLINT: glibc's name

void* malloc(std::size_t bytes) noexcept {
  ++allocations;
  return __libc_malloc(bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  ++allocations;
  return __libc_memalign(alignment, bytes);
}
}
#endif
#endif
