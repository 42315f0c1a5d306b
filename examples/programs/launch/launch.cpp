// Starts the build of a program that suits the processor: PROGRAM.x86-64-v4 beside this file, or -v3, or
// plain x86-64.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

int main(int, char** argv) {
  const bool v3 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                  __builtin_cpu_supports("bmi2") != 0;
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                  __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string() + (v4   ? ".x86-64-v4"
                                                                                          : v3 ? ".x86-64-v3"
                                                                                               : ".x86-64");
  execv(program.c_str(), argv);
  std::fprintf(stderr, "%s: cannot start: %s\n", program.c_str(), std::strerror(errno));
  return 1;
}
