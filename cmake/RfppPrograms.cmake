# rfpp_program, what examples and tests share: rfpp_options, that is warnings, the sanitizers asked for and the machine's
# instruction set; and rfpp::kernels, the kernels that depend on no expression, compiled once.
if(NOT TARGET Eigen3::Eigen)
  message(FATAL_ERROR "rfpp: examples, tests and benchmarks need Eigen 3.4 or later, and none was found: install it "
                      "(libeigen3-dev), name its folder with Eigen3_DIR, or turn RFPP_BUILD_* off")
endif()
add_library(rfpp_options INTERFACE)
target_link_libraries(rfpp_options INTERFACE rfpp::rfpp)
target_compile_options(rfpp_options INTERFACE -Wall -Wextra -Wshadow -Wconversion)
target_compile_definitions(rfpp_options INTERFACE RFPP_WEIGHTS="${PROJECT_SOURCE_DIR}/weights")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False positives inside GCC 12's own AVX-512 intrinsics (GCC bug 105593).
  target_compile_options(rfpp_options INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # When GCC collects its garbage: not below 840 MB, which saves time, and then after every fifth more, which keeps the
  # largest files below 1.5 GB.
  target_compile_options(rfpp_options INTERFACE --param=ggc-min-heapsize=700000 --param=ggc-min-expand=20)
endif()
if(RFPP_WARNINGS_AS_ERRORS)
  target_compile_options(rfpp_options INTERFACE -Werror)
endif()
if(RFPP_NATIVE AND NOT RFPP_PORTABLE)
  target_compile_options(rfpp_options INTERFACE -march=native)
endif()
if(RFPP_SANITIZE)
  target_compile_options(rfpp_options INTERFACE -fsanitize=${RFPP_SANITIZE} -fno-omit-frame-pointer
                                                -fno-sanitize-recover=all)
  target_link_options(rfpp_options INTERFACE -fsanitize=${RFPP_SANITIZE})
endif()
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

add_library(rfpp_program INTERFACE)
target_link_libraries(rfpp_program INTERFACE rfpp_options)
# For tests, and programs beside them. It costs what three files save; and portable programs are compiled for several
# instruction sets.
if(RFPP_BUILD_TESTS AND NOT RFPP_PORTABLE)
  target_link_libraries(rfpp_program INTERFACE rfpp::kernels)
endif()

# What nvcc compiles: host code for the same processor as the rest, since inline functions depend on it.
if(RFPP_CUDA)
  enable_language(CUDA)
  add_library(rfpp_cuda INTERFACE)
  target_link_libraries(rfpp_cuda INTERFACE rfpp::rfpp)
  target_compile_options(rfpp_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>  # CMake 3.25 knows no cuda_std_20
                                             $<$<COMPILE_LANGUAGE:CUDA>:--threads=0>)  # architectures at once
  if(RFPP_NATIVE)
    target_compile_options(rfpp_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-march=native>)
  endif()
endif()
